/*
 * handover: a delivery agent that gives a recipient to another agent (mailbox_transport and its kind). The other one
 * logs and reports; the caller marks the recipient as done.
 */
#ifndef GLOBAL_DELIVERY_HANDOVER_H
#define GLOBAL_DELIVERY_HANDOVER_H

#include "global/delivery/delivery.h"

enum handover {
	HANDOVER_DONE,		/* delivered or bounced, and logged */
	HANDOVER_DEFERRED,	/* logged: to be tried again */
	HANDOVER_FAILED,	/* nothing was logged: dsn says why it must be tried again */
};

/* where: "transport" or "transport:nexthop"; without a next hop it is that of the request. */
enum handover	delivery_hand_over(const struct delivery_request *request, struct view where, struct dsn *dsn);

#endif
