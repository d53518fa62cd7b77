/*
 * logical_line: the line structure that main.cf and master.cf share. Blank lines and lines whose first text is '#' do
 * not count, wherever they stand; a line that begins with a blank continues the logical line before it. The parts are
 * joined by one blank. No I/O: the text is a view.
 */
#ifndef GLOBAL_CONFIG_LOGICAL_LINE_H
#define GLOBAL_CONFIG_LOGICAL_LINE_H

#include "util/text/buf.h"
#include "util/text/cursor.h"

enum { LOGICAL_LINE_MAX = 1 << 20 };	/* bytes; more is no configuration */

struct logical_line {
	struct buf text;	/* without blanks around it; never empty */
	int number;		/* of its first physical line, from 1 */
};

struct line_reader {
	struct cursor in;
	const char *path;	/* for messages */
	int number;		/* physical lines taken so far */
};

enum line_result { LINE_READ, LINE_END, LINE_BAD };

void		 line_reader_init(struct line_reader *reader, struct view text, const char *path);
/* Replaces *line. LINE_BAD: why names file and line. */
enum line_result line_next(struct line_reader *reader, struct logical_line *line, struct buf *why);

#endif
