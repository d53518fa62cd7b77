/*
 * quoted_printable: encodes text that streams by (RFC 2045, 6.7): lines of at most 76 bytes, ASCII only, no blank at the
 * end of a line.
 */
#ifndef GLOBAL_MESSAGE_QUOTED_PRINTABLE_H
#define GLOBAL_MESSAGE_QUOTED_PRINTABLE_H

#include "util/text/buf.h"

enum { QUOTED_PRINTABLE_LINE_MAX = 76 };

struct quoted_printable {
	struct buf line;	/* what is encoded and not passed on yet */
	char blank;		/* the last byte, when it was a blank: its form depends on what follows; else 0 */
};

/* One line of the encoded text, whole. */
typedef void	quoted_printable_line(void *arg, struct view line);

void	quoted_printable_put(struct quoted_printable *encoder, struct view piece, quoted_printable_line *line, void *arg);
void	quoted_printable_end_line(struct quoted_printable *encoder, quoted_printable_line *line, void *arg);
void	quoted_printable_fini(struct quoted_printable *encoder);

#endif
