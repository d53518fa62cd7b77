/*
 * resolve client: asks trivial-rewrite where a recipient goes, with a cache of answers in this process (keyed by the
 * whole request, time to live named by the server).
 */
#ifndef GLOBAL_CLIENT_RESOLVE_H
#define GLOBAL_CLIENT_RESOLVE_H

#include "util/event/loop.h"
#include "util/ipc/channel.h"

extern const struct ipc_protocol resolve_protocol;

enum resolve_class {
	RESOLVE_LOCAL, RESOLVE_VIRTUAL_ALIAS, RESOLVE_VIRTUAL_MAILBOX, RESOLVE_RELAY, RESOLVE_DEFAULT,
};

enum {
	RESOLVE_FLAG_ERROR	= 1 << 0,	/* bad address syntax */
	RESOLVE_FLAG_FAIL	= 1 << 1,	/* could not ask: try again later */
	RESOLVE_FLAG_ROUTED	= 1 << 2,	/* sender-specified routing: user%x, !, source route */
};

struct resolve_request {
	struct view sender, address;	/* internal form */
	bool verify;			/* address_verify_* overrides */
};

struct resolve_reply {
	struct view transport, nexthop, recipient;	/* recipient: internal form, may differ */
	int domain_class;		/* enum resolve_class */
	unsigned flags;			/* RESOLVE_FLAG_* */
	int ttl_sec;			/* may be cached this long */
};

struct resolver;

struct resolver	*resolver_new(const char *path, msec_t timeout_ms);	/* "private/rewrite" */
void		 resolver_free(struct resolver *resolver);
/* Waits. Always answers: a service that cannot be asked gives RESOLVE_FLAG_FAIL. Views live until the next call. */
void		 resolve_query(struct resolver *resolver, const struct resolve_request *request, struct resolve_reply *reply);

/* For qmgr: does not wait. done() may be called before this returns (cache). Requests are answered in order. */
struct resolver_async;
typedef void	resolve_done(const struct resolve_reply *reply, void *arg);
struct resolver_async *resolver_async_new(struct loop *loop, const char *path, msec_t timeout_ms);
/* How long a connection is kept without a question, and at all; 0 (at first): as long as the server keeps it. */
void		 resolver_async_keep(struct resolver_async *resolver, msec_t idle_ms, msec_t ttl_ms);
void		 resolver_async_free(struct resolver_async *resolver);
void		 resolve_query_start(struct resolver_async *resolver, const struct resolve_request *request, resolve_done *done, void *arg);

enum { RESOLVE_FRAME_REQUEST = FRAME_TYPE_FIRST, RESOLVE_FRAME_REPLY };
void		 resolve_request_put(struct buf *out, const struct resolve_request *request);
bool		 resolve_request_get(const struct frame *frame, struct resolve_request *request, struct buf *why);
void		 resolve_reply_put(struct buf *out, const struct resolve_reply *reply);
bool		 resolve_reply_get(const struct frame *frame, struct resolve_reply *reply, struct buf *why);

#endif
