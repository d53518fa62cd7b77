/*
 * content: takes message content off the wire: DATA (RFC 5321, 4.5.2: dots, and the line that ends it) and BDAT
 * (RFC 3030: neither). Bytes go in as they come, in pieces of any size; lines come out, long ones in parts.
 *
 * Only LF ends a line. One CR before it belongs to the line end, any other CR is content. What ends DATA decides whether
 * a client can smuggle a second message past a filter that sees line ends differently: with `strict` nothing but
 * CRLF.CRLF does.
 */
#ifndef GLOBAL_SMTP_CONTENT_H
#define GLOBAL_SMTP_CONTENT_H

#include <stdbool.h>

#include "util/text/buf.h"

/* complete: the line ends here; else more of it follows. */
typedef void	smtp_content_line(struct view text, bool complete, void *arg);

struct smtp_content {
	size_t line_limit;		/* longer lines come in parts; at least 2 */
	bool dots;			/* DATA */
	bool strict;
	smtp_content_line *line;
	void *arg;
	/* the decoder's own: zero at first */
	struct buf partial;
	bool continued;			/* the last part did not end its line */
	bool after_bare_lf;		/* the last line ended so */
	bool bare_lf;			/* some line did */
	bool ended;			/* DATA: its last line was seen */
};

/* Takes bytes until they, or the content, end; says how many were taken. */
size_t	smtp_content_feed(struct smtp_content *content, struct view bytes);
/* No more bytes will come: completes a last line without end. */
void	smtp_content_finish(struct smtp_content *content);
void	smtp_content_fini(struct smtp_content *content);

#endif
