/*
 * deliver: one recipient, from its address to where its mail ends.
 *
 * Expansion goes first and gathers all destinations, each once; only then is anything delivered. What has to wait (a
 * table that cannot be asked, a user database that is down) makes the recipient wait before anything was done; what is
 * wrong for good (a command that is not allowed, an unknown user) is a destination of its own, which bounces.
 */
#ifndef LOCAL_DELIVER_H
#define LOCAL_DELIVER_H

#include "global/client/cleanup.h"
#include "global/client/resolve.h"
#include "global/delivery/mailbox.h"
#include "global/rewrite/rewrite.h"
#include "local/config.h"
#include "table/maps.h"
#include "util/base/hash.h"
#include "util/base/list.h"

struct agent {
	const struct local_config *config;
	const char *service;		/* our name in master.cf */
	struct rewrite_rules rewrite;
	struct maps *aliases, *mailbox_commands, *mailbox_transports, *fallback_transports;
	struct resolver *resolver;
	struct cleanup_client *cleanup;
	struct mailbox_lock_policy lock;
	struct sync_pace pace;
	struct identity default_privs;
	unsigned allow_commands, allow_files, prepend_delivered, propagate;	/* LOCAL_* */
};

/* A user of this host. Lives in the arena of the delivery. */
struct user {
	struct view name;
	const char *home, *shell;
	struct identity as;
};

/* An address that is being expanded, what it was found in, and whose rights hold for what is found in it. */
struct step {
	const struct step *above;	/* NULL: the recipient itself */
	int depth;
	struct view address;		/* internal form */
	struct view local, domain;	/* its parts: folded, as written */
	struct view name, extension;	/* folded: without and behind the delimiter */
	char delimiter;			/* that was found; NUL: none */
	struct view alias;		/* the entry expanded here, or "" */
	const struct user *forward_of;	/* the user whose .forward is expanded here, or NULL */
	struct view unmatched;		/* extension that no entry asked for, with its delimiter: members may get it */
	unsigned origin;		/* LOCAL_ALIAS, _FORWARD, _INCLUDE: what the members stand in */
	const struct user *user;	/* on whose behalf; NULL: none, `as` is the owner of a table or file */
	struct identity as;
	bool named_by_root;		/* stands in a table or file of root, and so in those that named that */
	struct view sender;		/* owner-alias changes it */
	bool owned;			/* … and makes members go to a new queue file */
};

enum target_kind { TARGET_MAILBOX, TARGET_FILE, TARGET_COMMAND, TARGET_TRANSPORT, TARGET_FORWARD, TARGET_PROBLEM };

struct target {
	struct list link;
	enum target_kind kind;
	const struct step *step;
	struct view text;		/* path, command, transport:nexthop, address, reason */
	const struct user *user;	/* MAILBOX; COMMAND: NULL without a user */
	struct identity as;
	const char *status;		/* PROBLEM */
};

/* One R record under way. */
struct local_delivery {
	struct agent *agent;
	struct delivery_request *request;
	const struct queue_recipient *recipient;
	struct hash *seen;		/* destinations of this request, each once (LV22) */
	struct arena *arena;
	struct list targets;
	bool expanded;			/* an alias or a .forward was */
	bool relayed;			/* luser_relay was used (LV8) */
	size_t includes, included;	/* :include: files read so far, and their bytes */
	size_t expansions;		/* members and addresses met so far */
	struct dsn wait;		/* status "": nothing stands in the way */
};

/* Of what one recipient stands for: lists are made by users, too, and each member costs time and memory. */
enum {
	EXPANSION_DEPTH_MAX = 100, EXPANSIONS_MAX = 200000, INCLUDES_MAX = 1000, LIST_SIZE_MAX = 16 << 20, FORWARD_SIZE_MAX = 1 << 20,
};

delivery_function	local_deliver;			/* its first argument is the struct agent */

/* expand.c: what an address stands for; members of lists come back here. */
void	local_expand(struct local_delivery *delivery, struct view address);
void	local_expand_member(struct local_delivery *delivery, const struct step *above, struct view address, bool aliases);
void	local_wait(struct local_delivery *delivery, const char *status, const char *format, ...) __attribute__((format(printf, 3, 4)));
void	local_problem(struct local_delivery *delivery, const struct step *step, const char *status, const char *format, ...)
	    __attribute__((format(printf, 4, 5)));
/* NULL when this destination is one already. key: what makes it the same. */
struct target *local_add(struct local_delivery *delivery, enum target_kind kind, const struct step *step, struct view text,
	    struct view key);
/* Of the owner of a file; never root's. When he cannot be looked up, the recipient waits. */
struct identity local_rights(struct local_delivery *delivery, uid_t uid);
/* One more member or address. False beyond EXPANSIONS_MAX, which is said once. */
bool	local_may_expand(struct local_delivery *delivery, const struct step *step);

/* member.c: the right-hand side of an alias, or the lines of a file. How many members there were. */
size_t	local_members(struct local_delivery *delivery, const struct step *step, struct view list, bool lines);

/* user.c: what becomes of mail for a local name that is no alias (any more). */
void	local_user(struct local_delivery *delivery, struct step *step, bool direct);
const struct user *local_find_user(struct local_delivery *delivery, struct view name, bool *retry);
bool	local_lookup_failed(int error);		/* behind getpwnam() and its kin: errno does not say "no such user" (LV7) */
/* dot_forward.c: true when the user's .forward said where the mail goes, or the recipient has to wait. */
bool	local_dot_forward(struct local_delivery *delivery, struct step *step, const struct user *user);

/* macros.c: $user, $home … in a text; what is not in filter (NULL: all may stay) becomes '_'. */
bool	local_macros(const struct local_delivery *delivery, const struct step *step, const struct user *user, struct view text,
	    const char *filter, struct buf *out);

/* The ends: the verdict is in dsn. */
void	local_mailbox(struct local_delivery *delivery, const struct target *target, struct dsn *dsn);	/* mailbox.c */
void	local_file(struct local_delivery *delivery, const struct target *target, struct dsn *dsn);
void	local_command(struct local_delivery *delivery, const struct target *target, struct dsn *dsn);	/* command.c */
void	local_forward(struct local_delivery *delivery, struct view sender, bool owned, struct dsn *dsn);	/* forward.c */
struct copy_envelope local_envelope(const struct local_delivery *delivery, const struct target *target, unsigned kind);
struct view local_delivered_to(const struct local_delivery *delivery, const struct step *step);
void	local_biff(struct view user, long long offset);		/* biff.c */

#endif
