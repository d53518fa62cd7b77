/*
 * source: the text files that tables are made from, and the `{ {line}, {line} }` that may stand in their place, as
 * logical lines: empty lines and comments are gone, a line that begins with a blank continues the one before (its
 * blanks stay), comments may stand between the two. Trailing blanks are cut off.
 */
#ifndef TABLE_SOURCE_H
#define TABLE_SOURCE_H

#include <sys/stat.h>

#include "util/text/buf.h"

enum { SOURCE_LINE_MAX = 16 * 1024 * 1024 };	/* bytes in a logical line; a longer one ends the source with a warning */

struct source {
	const char *name;	/* borrowed, for messages */
	int fd;			/* -1: inline or standard text */
	struct stat st;		/* of the file; zero for text */
	bool is_inline;
	struct buf raw;		/* what was read; from `at` on not yet used */
	size_t at;
	bool eof, failed;
	int physical;		/* lines used so far */
	int line;		/* where the current logical line began */
	struct buf text;	/* the current logical line */
};

bool	source_open(struct source *source, const char *path, struct buf *why);
void	source_open_fd(struct source *source, int fd, const char *name);		/* fd stays the caller's */
void	source_open_text(struct source *source, struct view text, const char *name);	/* lines, as in a file */
/* `{line} {line}`: each is one logical line. False with a reason when the braces are wrong or the list is empty. */
bool	source_open_inline(struct source *source, struct view list, const char *name, struct buf *why);
void	source_close(struct source *source);

/* The next logical line, valid until the next call; false at the end and after a read error (source->failed). */
bool	source_next(struct source *source, struct view *line);
/* warning: "NAME, line N: text" */
void	source_warn(const struct source *source, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
