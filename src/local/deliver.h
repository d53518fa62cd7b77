/*
 * deliver: one recipient, from its address to where its mail ends: an alias, a mailbox, another address.
 *
 * Expansion gathers all destinations first, each once; then they are delivered to. A recipient is done when all of them
 * are; one that must be tried again makes the whole recipient wait, and nothing is forwarded then.
 */
#ifndef LOCAL_DELIVER_H
#define LOCAL_DELIVER_H

#include "global/client/cleanup.h"
#include "global/client/resolve.h"
#include "global/delivery/mailbox.h"
#include "global/rewrite/rewrite.h"
#include "local/config.h"
#include "table/maps.h"
#include "util/base/list.h"

struct agent {
	const struct local_config *config;
	struct rewrite_rules rewrite;
	struct maps *aliases;
	struct resolver *resolver;
	struct cleanup_client *cleanup;
	struct mailbox_lock_policy lock;
};

/* One R record under way. */
struct local_delivery {
	struct agent *agent;
	struct delivery_request *request;
	const struct queue_recipient *recipient;
	struct arena *arena;
	struct view sender;		/* owner-alias may change it */
	struct view delivered_to;	/* for headers and loop checks: frozen at the first address */
	struct list users, forwards;	/* destinations found: struct target */
	struct dsn failure;		/* the worst problem met while expanding; status "" means none */
};

struct target {
	struct list link;
	struct view address;		/* as it is logged: internal form */
	struct view user;		/* local user's name; "" for a forward */
};

enum { EXPANSION_DEPTH_MAX = 100 };

delivery_function	local_deliver;			/* its first argument is the struct agent */

/* expand.c: adds what the address stands for to users and forwards; notes problems in failure. */
void	local_expand(struct local_delivery *delivery, struct view address);
/* mailbox.c: a user's mailbox, as that user. The verdict is in dsn. */
void	local_mailbox(struct local_delivery *delivery, const struct target *target, struct dsn *dsn);
/* forward.c: one new message to all forwards. */
void	local_forward(struct local_delivery *delivery, struct dsn *dsn);

#endif
