/*
 * extract: the recipients of `sendmail -t`, from the headers of the message. Those of Resent- headers win when there are
 * any. Bcc headers are left out of what is sent.
 */
#ifndef SENDMAIL_EXTRACT_H
#define SENDMAIL_EXTRACT_H

#include "util/base/arena.h"
#include "util/text/buf.h"

struct extract {
	struct arena arena;
	struct buf header;		/* the logical header that is being gathered */
	bool in_line;			/* its last line is not whole yet */
	bool done;			/* behind the header section */
	bool is_resent;			/* it has a Resent- header for recipients, be it empty */
	size_t size_max, token_max;
	struct recipient *recipients, *resent;		/* in reverse */
	void (*emit)(void *arg, struct view line);	/* a whole line of a header that stays */
	void *arg;
};

/* A piece of a line. False: it belongs to the body (the header section is over), and the caller sends it. */
bool	extract_piece(struct extract *extract, struct view piece, bool whole);
void	extract_end(struct extract *extract);		/* end of the message */
/* Calls each() for each recipient, in internal form; how many. */
size_t	extract_each(struct extract *extract, void (*each)(void *arg, struct view address), void *arg);
void	extract_fini(struct extract *extract);

#endif
