/*
 * tlsmgr: what its files share.
 */
#ifndef TLSMGR_TLSMGR_H
#define TLSMGR_TLSMGR_H

#include "global/client/tlsmgr.h"

struct service_context;

/* pool.c: randomness. The system's generator makes it; what we read from outside is stirred into that. */
struct pool;

struct pool_settings {
	const char *source, *exchange;
	int bytes, reseed_sec, update_sec;
};

struct pool	*pool_open(struct service_context *ctx, const struct pool_settings *settings);	/* in prepare */
void		 pool_chores(struct pool *pool);		/* now and then: reseeds, and writes the exchange file */
void		 pool_close(struct pool *pool);			/* writes it a last time */
void		 pool_take(size_t bytes, struct buf *out);

/* sessions.c: one cache of sessions. NULL: none is configured. */
struct sessions;

struct sessions	*sessions_open(struct service_context *ctx, const char *database, int timeout_sec);
void		 sessions_chores(struct sessions *sessions);
void		 sessions_close(struct sessions *sessions);
enum lookup	 sessions_lookup(struct sessions *sessions, struct view id, struct buf *session);
bool		 sessions_update(struct sessions *sessions, struct view id, struct view session);
bool		 sessions_delete(struct sessions *sessions, struct view id);

#endif
