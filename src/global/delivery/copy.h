/*
 * copy: the message as mailboxes and commands get it: envelope headers in front, content from the queue file, "\n" line
 * ends. And the check for mail that was here before (Delivered-To).
 */
#ifndef GLOBAL_DELIVERY_COPY_H
#define GLOBAL_DELIVERY_COPY_H

#include "global/delivery/delivery.h"

enum {
	COPY_FROM_LINE		= 1 << 0,	/* "From sender  date": mbox and commands */
	COPY_RETURN_PATH	= 1 << 1,
	COPY_ORIGINAL_TO	= 1 << 2,	/* X-Original-To, when known */
	COPY_DELIVERED_TO	= 1 << 3,
	COPY_QUOTE_FROM		= 1 << 4,	/* "From " at the start of a body line becomes ">From " */
	COPY_BLANK_LINE		= 1 << 5,	/* an empty line behind the message */
	COPY_DOT_STUFF		= 1 << 6,	/* "." at the start of a line becomes ".." */
};

struct copy_envelope {
	struct view sender, original, delivered_to;	/* internal form */
	unsigned flags;
	const char *line_end;		/* NULL: "\n" */
};

/*
 * The second one writes to out, from its present offset. False with errno and a reason; EILSEQ: the queue file is
 * damaged.
 */
typedef bool	copy_sink(void *arg, struct view block, struct buf *why);
bool	message_copy_to(const struct delivery_request *request, const struct copy_envelope *envelope, copy_sink *sink, void *arg,
	    struct buf *why);
bool	message_copy(const struct delivery_request *request, const struct copy_envelope *envelope, int out, struct buf *why);
/* Is there a Delivered-To: header with this address? Continuation records are joined before the compare. */
bool	message_was_delivered_to(const struct delivery_request *request, struct view address);

#endif
