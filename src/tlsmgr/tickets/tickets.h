/*
 * tickets: the keys of session tickets (RFC 5077, 5). One signs; when it has done so for half the time that sessions
 * live, a fresh one takes its place, and it opens what it signed for the other half. There are never more than two.
 */
#ifndef TLSMGR_TICKETS_TICKETS_H
#define TLSMGR_TICKETS_TICKETS_H

#include "global/client/tlsmgr.h"

struct tickets {
	long long lifetime_sec;		/* that these keys were made for */
	struct tlsmgr_ticket_key current, previous;	/* opens_until 0: none */
};

/* lifetime_sec: how long sessions live; up to 119 count as 120. 0: no tickets. name "": the one that signs now. */
const struct tlsmgr_ticket_key *tickets_key(struct tickets *tickets, int lifetime_sec, struct view name);

#endif
