#include "smtp/handover.h"

void
session_hand_over(struct session *session, struct scache *scache, struct view key, msec_t rest_ms)
{
	struct scache_session saved = {
		.key = key, .ttl_ms = (int)rest_ms,
		.address = buf_view(&session->address), .peer = buf_view(&session->peer), .relay = buf_view(&session->relay),
		.host = buf_view(&session->host), .mechanisms = buf_view(&session->mechanisms),
		.features = (int)session->features, .xforward = (int)session->xforward, .uses = session->uses,
		.size_limit = session->size_limit, .opened = session->opened, .delays_dot = session->delays_dot,
	};
	int fd = stream_detach(session->stream);

	session->stream = NULL;
	scache_save(scache, &saved, fd);
	session_free(session);
}

struct session *
session_take_over(const struct client *client, struct scache *scache, struct view key)
{
	struct scache_session saved;
	int fd = scache_find(scache, key, &saved);
	struct session *session;

	if (fd == -1)
		return NULL;
	session = session_new(client);
	session->stream = stream_new_socket(fd);
	buf_set(&session->address, saved.address);
	buf_set(&session->peer, saved.peer);
	buf_set(&session->relay, saved.relay);
	buf_set(&session->host, saved.host);
	buf_set(&session->mechanisms, saved.mechanisms);
	session->features = (unsigned)saved.features;
	session->xforward = (unsigned)saved.xforward;
	session->uses = saved.uses;
	session->size_limit = saved.size_limit;
	session->opened = saved.opened;
	session->delays_dot = saved.delays_dot;
	return session;		/* idle_since 0: whoever rested elsewhere is always asked */
}
