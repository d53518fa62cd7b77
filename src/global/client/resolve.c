#include "global/client/resolve.h"

#include "global/client/call.h"
#include "util/base/hash.h"
#include "util/log/log.h"

enum { CACHE_MAX = 1000, ADDRESS_MAX = 16384 };

struct cached {
	msec_t expires;
	struct buf frame;		/* the reply as it came */
};

struct resolver {
	struct caller *caller;
	unsigned connection;		/* the one that what we remember was heard on */
	struct hash *cache;		/* by the request as sent */
	struct buf key, answer;
};

static void
cached_free(void *p)
{
	struct cached *cached = p;

	buf_fini(&cached->frame);
	mem_free(cached);
}

struct resolver *
resolver_new(const char *path, msec_t timeout_ms)
{
	struct resolver *resolver = mem_new(sizeof(*resolver));

	resolver->caller = caller_new(path, &resolve_protocol, timeout_ms);
	resolver->cache = hash_new();
	return resolver;
}

void
resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	caller_free(resolver->caller);
	hash_free(resolver->cache, cached_free);
	buf_fini(&resolver->key);
	buf_fini(&resolver->answer);
	mem_free(resolver);
}

static void
forget_all(struct resolver *resolver)
{
	hash_free(resolver->cache, cached_free);
	resolver->cache = hash_new();
}

/*
 * The server leaves when one of its tables changed: what it said before is worth nothing then, nor without a connection
 * on which it could say so.
 */
static void
forget_what_is_old(struct resolver *resolver)
{
	unsigned connection = caller_connection(resolver->caller);

	if (connection == 0 || connection != resolver->connection)
		forget_all(resolver);
	resolver->connection = connection;
}

static bool
parse_reply(struct view bytes, struct resolve_reply *reply, struct buf *why)
{
	struct cursor in = cursor_of(bytes);
	struct frame frame;

	if (frame_parse(&in, &frame) == 1 && frame.type == RESOLVE_FRAME_REPLY)
		return resolve_reply_get(&frame, reply, why);
	why_set(why, "unexpected frame instead of a reply");
	return false;
}

static bool
from_cache(struct resolver *resolver, struct resolve_reply *reply)
{
	struct cached *cached = hash_get(resolver->cache, buf_view(&resolver->key));

	if (cached == NULL || cached->expires <= clock_now())
		return false;
	return parse_reply(buf_view(&cached->frame), reply, NULL);
}

static void
remember(struct resolver *resolver, int ttl_sec)
{
	struct cached *cached, *old;

	if (ttl_sec <= 0)
		return;
	if (hash_count(resolver->cache) >= CACHE_MAX)
		forget_all(resolver);
	cached = mem_new(sizeof(*cached));
	cached->expires = clock_deadline((msec_t)ttl_sec * 1000);
	buf_set(&cached->frame, buf_view(&resolver->answer));
	if ((old = hash_put(resolver->cache, buf_view(&resolver->key), cached)) != NULL)
		cached_free(old);
}

static bool
ask(struct resolver *resolver, struct resolve_reply *reply, struct buf *why)
{
	struct frame frame;

	if (!caller_ask(resolver->caller, buf_view(&resolver->key), &frame, why))
		return false;
	buf_reset(&resolver->answer);
	frame_put_raw(&resolver->answer, frame.type, frame.flags, frame.payload);
	return parse_reply(buf_view(&resolver->answer), reply, why);
}

static void
failed(struct resolve_reply *reply, unsigned flags)
{
	*reply = (struct resolve_reply){ .domain_class = RESOLVE_DEFAULT, .flags = flags };
}

void
resolve_query(struct resolver *resolver, const struct resolve_request *request, struct resolve_reply *reply)
{
	struct buf why = BUF_INIT;

	if (request->address.len > ADDRESS_MAX || request->sender.len > ADDRESS_MAX
	    || view_find(request->address, '\0') >= 0 || view_find(request->sender, '\0') >= 0) {
		failed(reply, RESOLVE_FLAG_ERROR);
		return;
	}
	buf_reset(&resolver->key);
	resolve_request_put(&resolver->key, request);
	forget_what_is_old(resolver);
	if (from_cache(resolver, reply))
		return;
	if (ask(resolver, reply, &why)) {
		remember(resolver, reply->ttl_sec);
	} else {
		log_warn("cannot resolve %.*s: %s", VIEW_ARG(request->address), buf_c(&why));
		failed(reply, RESOLVE_FLAG_FAIL);
	}
	buf_fini(&why);
}
