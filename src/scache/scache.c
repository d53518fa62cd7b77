/*
 * scache: holds SMTP sessions that one agent has no use for now, until another one has. They are given out youngest
 * first; one that rests too long, or whose server says something, is closed.
 */
#include <poll.h>
#include <unistd.h>

#include "global/client/scache.h"
#include "service/service.h"
#include "util/base/list.h"
#include "util/log/log.h"

enum { SESSIONS_MAX = 400 };	/* each holds a descriptor */

struct scache_config {
	int ttl_limit_sec, status_update_sec;
};

static const struct binding bindings[] = {
	BIND_TIME(struct scache_config, ttl_limit_sec, "connection_cache_ttl_limit"),
	BIND_TIME(struct scache_config, status_update_sec, "connection_cache_status_update_time"),
	BIND_END
};

struct entry {
	struct list link;
	struct buf frame;		/* as it came, and is given out */
	struct buf key;
	msec_t expires;
	int fd;
};

struct state {
	struct list entries;		/* oldest first */
	size_t count, most;
	unsigned long long hits, misses;
	msec_t reported;
};

static void
forget(struct state *state, struct entry *entry)
{
	list_remove(&entry->link);
	state->count--;
	buf_fini(&entry->frame);
	buf_fini(&entry->key);
	mem_free(entry);
}

static void
drop(struct state *state, struct entry *entry)
{
	close(entry->fd);
	forget(state, entry);
}

/* -- requests ------------------------------------------------------------------------------------------------------- */

static void
save(struct service_context *ctx, const struct scache_session *session, int fd)
{
	const struct scache_config *config = service_config(ctx);
	struct state *state = service_state(ctx);
	struct entry *entry = mem_new(sizeof(*entry));
	msec_t limit = (msec_t)config->ttl_limit_sec * 1000;

	if (state->count == SESSIONS_MAX)
		drop(state, LIST_FIRST(&state->entries, struct entry, link));
	scache_session_put(&entry->frame, SCACHE_FRAME_SESSION, session);
	buf_putv(&entry->key, session->key);
	entry->fd = fd;
	entry->expires = clock_now() + (session->ttl_ms < limit ? session->ttl_ms : limit);
	list_append(&state->entries, &entry->link);
	if (++state->count > state->most)
		state->most = state->count;
}

/* A server that speaks unasked wants to close, or did. */
static bool
at_rest(const struct entry *entry)
{
	struct pollfd fd = { entry->fd, POLLIN, 0 };

	return clock_now() < entry->expires && poll(&fd, 1, 0) == 0;
}

/* The youngest one. */
static struct entry *
find(struct state *state, struct view key)
{
	for (struct list *at = state->entries.prev, *before; at != &state->entries; at = before) {
		struct entry *entry = CONTAINER_OF(at, struct entry, link);

		before = at->prev;
		if (!view_equal(buf_view(&entry->key), key))
			continue;
		if (at_rest(entry))
			return entry;
		drop(state, entry);
	}
	return NULL;
}

static void
give_out(struct state *state, struct channel *channel, struct view key)
{
	static const struct scache_session none;
	struct entry *entry = find(state, key);

	if (entry == NULL) {
		state->misses++;
		scache_session_put(channel_out(channel), SCACHE_FRAME_SESSION, &none);
		return;
	}
	state->hits++;
	channel_put_fd(channel, entry->fd);
	buf_putv(channel_out(channel), buf_view(&entry->frame));
	forget(state, entry);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *frame)
{
	static const struct scache_session saved;
	struct scache_session session;
	struct buf why = BUF_INIT;
	int fd = channel_take_fd(channel);
	bool saves = frame->type == SCACHE_FRAME_SAVE;

	if (!scache_session_get(frame, &session, &why) || frame->type == SCACHE_FRAME_SESSION || saves != (fd != -1)) {
		log_warn("malformed request: %s", why.len > 0 ? buf_c(&why) : "unexpected frame or descriptor");
		if (fd != -1)
			close(fd);
		buf_fini(&why);
		return SERVICE_HANG_UP;
	}
	if (saves) {
		save(ctx, &session, fd);
		scache_session_put(channel_out(channel), SCACHE_FRAME_SESSION, &saved);
	} else {
		give_out(service_state(ctx), channel, session.key);
	}
	return SERVICE_DONE;
}

/* -- life ------------------------------------------------------------------------------------------------------------- */

static void
start(struct service_context *ctx)
{
	struct state *state = mem_new(sizeof(*state));

	list_init(&state->entries);
	state->reported = clock_now();
	service_set_state(ctx, state);
}

static void
report(struct state *state)
{
	if (state->hits + state->misses > 0)
		log_info("statistics: session lookup hits=%llu miss=%llu max simultaneous sessions=%zu", state->hits,
		    state->misses, state->most);
	state->hits = state->misses = 0;
	state->most = state->count;
	state->reported = clock_now();
}

static void
idle(struct service_context *ctx)
{
	const struct scache_config *config = service_config(ctx);
	struct state *state = service_state(ctx);

	LIST_FOREACH_SAFE(entry, after, &state->entries, struct entry, link) {
		if (!at_rest(entry))
			drop(state, entry);
	}
	if (clock_now() - state->reported >= (msec_t)config->status_update_sec * 1000)
		report(state);
}

static void
stop(struct service_context *ctx)
{
	struct state *state = service_state(ctx);

	while (!list_empty(&state->entries))
		drop(state, LIST_FIRST(&state->entries, struct entry, link));
	report(state);
}

static const struct service scache_service = {
	.name = "scache",
	.shape = SERVICE_MANY_CLIENTS,
	.flags = SERVICE_SOLITARY | SERVICE_NO_MAX_USE,
	.protocol = &scache_protocol,
	.bindings = bindings,
	.config_size = sizeof(struct scache_config),
	.promises = "stdio",
	.start = start,
	.serve = serve,
	.idle = idle,
	.stop = stop,
};

int
main(int argc, char **argv)
{
	return service_main(&scache_service, argc, argv);
}
