/*
 * qmqp: takes a request of the Quick Mail Queueing Protocol off the wire: one netstring that holds the message, the
 * sender, and one or more recipients, each a netstring. Bytes go in as they come, in pieces of any size. Addresses are in
 * internal form; lines of the message end with LF.
 *
 *	request = netstring(netstring(message) netstring(sender) 1*netstring(recipient))
 *	netstring(x) = length ":" x ","
 */
#ifndef GLOBAL_SMTP_QMQP_H
#define GLOBAL_SMTP_QMQP_H

#include <stdbool.h>
#include <stdint.h>

#include "util/text/buf.h"

enum qmqp_result {
	QMQP_MORE,		/* all was taken, and is not the whole request */
	QMQP_DONE,
	QMQP_MALFORMED,		/* nothing that follows can be understood */
};

struct qmqp_request {
	size_t address_max;
	void (*message)(struct view piece, void *arg);		/* in pieces of any size */
	void (*sender)(struct view address, void *arg);		/* once, behind the message */
	void (*recipient)(struct view address, void *arg);
	void *arg;
	/* the decoder's own: zero at first */
	unsigned state, digits;
	uint64_t length, left, outer_left;
	uint64_t items;			/* begun so far */
	bool too_long;			/* malformed, because an address is longer than address_max */
	struct buf address;
};

enum qmqp_result qmqp_feed(struct qmqp_request *request, struct view bytes);
/* What is being read, or is missing: "sender address". */
const char *qmqp_part(const struct qmqp_request *request);
void	qmqp_request_fini(struct qmqp_request *request);

/* For whoever speaks: "5:hello,". */
void	netstring_put(struct buf *out, struct view text);

#endif
