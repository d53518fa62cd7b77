/*
 * scache client: SMTP sessions handed from one agent to another, as a descriptor and what is known of the server. Only
 * sessions without TLS can be handed on. Whatever fails means a new connection.
 */
#ifndef GLOBAL_CLIENT_SCACHE_H
#define GLOBAL_CLIENT_SCACHE_H

#include "util/ipc/channel.h"

extern const struct ipc_protocol scache_protocol;

enum { SCACHE_TEXT_MAX = 8192 };	/* each of the texts below */

struct scache_session {
	struct view key;			/* whom it may serve */
	int ttl_ms;				/* how long it may still rest */
	struct view address, peer, relay, host, mechanisms;
	int features, xforward, uses;
	uint64_t size_limit;
	int64_t opened;				/* clock_now() of then: one clock for all processes */
	bool delays_dot;
};

struct scache;

struct scache	*scache_new(const char *path, msec_t timeout_ms);		/* "private/scache" */
void		 scache_free(struct scache *scache);
/* Gives the descriptor away in any case; it is closed when nobody keeps it. */
void		 scache_save(struct scache *scache, const struct scache_session *session, int fd);
/* The descriptor, and its session, whose views live until the next call; or -1. */
int		 scache_find(struct scache *scache, struct view key, struct scache_session *session);

enum { SCACHE_FRAME_SAVE = FRAME_TYPE_FIRST, SCACHE_FRAME_FIND, SCACHE_FRAME_SESSION };

/* SESSION without a key: there is none, or it was saved. SAVE and a SESSION with a key go with a descriptor. */
void		 scache_session_put(struct buf *out, unsigned type, const struct scache_session *session);
bool		 scache_session_get(const struct frame *frame, struct scache_session *session, struct buf *why);

#endif
