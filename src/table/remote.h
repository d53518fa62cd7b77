/*
 * remote: a connection to a table server that is kept between lookups, for a while. A request that finds it lost is sent
 * once more over a fresh one. Each table has its own, so that nothing one server says can be taken for another's.
 */
#ifndef TABLE_REMOTE_H
#define TABLE_REMOTE_H

#include "util/net/stream.h"

struct remote;

struct remote_limits {			/* milliseconds */
	msec_t timeout, idle, lifetime;
};

enum remote_result {
	REMOTE_ANSWERED,
	REMOTE_LOST,			/* the connection broke: worth another try */
	REMOTE_MALFORMED,		/* the answer made no sense; why says how. The connection is closed */
};

/* One request and its answer; everything written is flushed by a read. */
typedef enum remote_result remote_exchange(struct stream *stream, void *arg, struct buf *why);

/* "inet:host:port", "host:port" or "unix:path", [..] around IPv6 addresses. NULL with a reason. Connects when asked. */
struct remote	*remote_new(struct view endpoint, const struct remote_limits *limits, struct buf *why);
void		 remote_free(struct remote *remote);
bool		 remote_ask(struct remote *remote, remote_exchange *exchange, void *arg, struct buf *why);

#endif
