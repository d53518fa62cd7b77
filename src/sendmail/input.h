/*
 * input: the lines of standard input, whatever their ends and lengths.
 */
#ifndef SENDMAIL_INPUT_H
#define SENDMAIL_INPUT_H

#include "util/text/buf.h"

enum line_ends { LINE_ENDS_ALWAYS, LINE_ENDS_STRICT, LINE_ENDS_NEVER };	/* when CRLF becomes LF */

struct input {
	int fd;
	enum line_ends ends;
	size_t piece_max;	/* a longer line comes in pieces */
	struct buf block;
	size_t taken;
	bool at_end;
	bool any;		/* a line end was seen: the first decides for LINE_ENDS_STRICT */
	bool strip;
};

void	input_init(struct input *input, int fd, const char *fix_line_endings, size_t piece_max);
void	input_fini(struct input *input);
/* Replaces piece. whole: the line ends with it. False at the end; read errors are fatal. */
bool	input_next(struct input *input, struct buf *piece, bool *whole);

#endif
