/*
 * transaction: one MAIL, its RCPTs, and the content, over an open session. Each recipient gets a verdict of its own.
 */
#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include "global/delivery/delivery.h"
#include "smtp/session.h"

/* A delivery request under way: what is still to be done, over all hosts that are tried. */
struct delivery {
	const struct client *client;
	struct delivery_request *request;
	struct session *session;	/* of this attempt */
	bool *settled;			/* per recipient: its verdict is recorded */
	size_t left;			/* recipients that are not */
	bool final_host;		/* nothing else will be tried: a soft verdict is final too */
	bool refused;			/* a host spoke for all others: none is tried any more */
	bool deferred;			/* a recipient must be tried again another time */
	bool site_failed;		/* the destination as such is in trouble; `last` says why */
	struct dsn last;		/* why the last attempt failed */
	struct buf relay;		/* who was talked to in it; "": nobody */
};

/* Tries all recipients that are left. The session is broken afterwards if it cannot be used again. */
void	transaction_run(struct delivery *delivery);
/* The same verdict for all that are left. Soft ones wait for the next host unless this was the last. */
void	delivery_fail_all(struct delivery *delivery, const char *relay, const struct dsn *dsn);

#endif
