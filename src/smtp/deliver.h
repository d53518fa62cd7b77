/* deliver: a delivery request over all hosts of all its next hops, and the one session an agent keeps. */
#ifndef SMTP_DELIVER_H
#define SMTP_DELIVER_H

#include "smtp/transaction.h"

struct agent {
	struct client client;
	struct session *kept;			/* an open session after a clean end, or NULL */
	struct buf kept_key;			/* what it may serve */
	bool kept_for_others;			/* other agents may have it when we do not want it */
	struct scache *scache;			/* where they look; NULL: they do not */
};

delivery_function	smtp_deliver;			/* its first argument is the struct agent */
void			smtp_drop_kept(struct agent *agent);	/* closes the kept session, or leaves it to others */
void			smtp_expire_kept(struct agent *agent);	/* … when its time is over */

#endif
