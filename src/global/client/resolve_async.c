/*
 * resolve_async: questions to trivial-rewrite from an event loop, one after the other over one connection. A question
 * that was lost with its connection is asked once more.
 */
#include "global/client/resolve.h"
#include "util/base/hash.h"
#include "util/base/list.h"
#include "util/ipc/async.h"
#include "util/log/log.h"

enum { CACHE_MAX = 1000, TRIES = 2 };

struct question {
	struct list link;
	struct buf frames;		/* the request, which is also its key in the cache */
	resolve_done *done;
	void *arg;
	int tries;
};

struct answer {
	struct buf text;		/* transport, next hop and recipient, one behind the other */
	struct resolve_reply reply;	/* views into it */
	msec_t until;
};

struct resolver_async {
	struct loop *loop;
	char *path;
	msec_t timeout_ms, idle_ms, ttl_ms;
	struct async *async;
	msec_t connected;
	bool asked;			/* the first question is on its way */
	struct list questions;
	struct hash *cache;
	struct loop_timer next, rest;
};

static void	ask_next(struct resolver_async *resolver);

/* -- the cache ----------------------------------------------------------------------------------------------------- */

static void
answer_free(void *arg)
{
	struct answer *answer = arg;

	if (answer == NULL)
		return;
	buf_fini(&answer->text);
	mem_free(answer);
}

static void
forget_answers(struct resolver_async *resolver)
{
	if (hash_count(resolver->cache) == 0)
		return;
	hash_free(resolver->cache, answer_free);
	resolver->cache = hash_new();
}

static struct view
place(const struct buf *text, size_t *at, size_t len)
{
	struct view v = view_slice(buf_view(text), *at, *at + len);

	*at += len;
	return v;
}

static void
remember(struct resolver_async *resolver, struct view key, const struct resolve_reply *reply)
{
	struct answer *answer;
	size_t at = 0;

	if (reply->ttl_sec <= 0)
		return;
	if (hash_count(resolver->cache) >= CACHE_MAX)
		forget_answers(resolver);
	answer = mem_new(sizeof(*answer));
	buf_putv(&answer->text, reply->transport);
	buf_putv(&answer->text, reply->nexthop);
	buf_putv(&answer->text, reply->recipient);
	answer->reply = *reply;
	answer->reply.transport = place(&answer->text, &at, reply->transport.len);
	answer->reply.nexthop = place(&answer->text, &at, reply->nexthop.len);
	answer->reply.recipient = place(&answer->text, &at, reply->recipient.len);
	answer->until = clock_now() + (msec_t)reply->ttl_sec * 1000;
	answer_free(hash_put(resolver->cache, key, answer));
}

static const struct resolve_reply *
recall(struct resolver_async *resolver, struct view key)
{
	struct answer *answer = hash_get(resolver->cache, key);

	if (answer == NULL)
		return NULL;
	if (answer->until > clock_now())
		return &answer->reply;
	answer_free(hash_remove(resolver->cache, key));
	return NULL;
}

/* -- answers ------------------------------------------------------------------------------------------------------- */

static void
finish_first(struct resolver_async *resolver, const struct resolve_reply *reply)
{
	struct question *first = LIST_FIRST(&resolver->questions, struct question, link);

	resolver->asked = false;
	list_remove(&first->link);
	first->done(reply, first->arg);
	buf_fini(&first->frames);
	mem_free(first);
}

static void
fail_first(struct resolver_async *resolver)
{
	static const struct resolve_reply failed = { .flags = RESOLVE_FLAG_FAIL };

	finish_first(resolver, &failed);
}

static void
disconnect(struct resolver_async *resolver)
{
	if (resolver->async != NULL)
		async_close(resolver->async);
	resolver->async = NULL;
	loop_timer_stop(&resolver->rest);
	forget_answers(resolver);	/* they hold as long as the server that gave them */
}

static void
next_turn(void *arg)
{
	ask_next(arg);
}

static void
lost(struct resolver_async *resolver, const char *why)
{
	struct question *first = LIST_FIRST(&resolver->questions, struct question, link);
	bool was_asked = resolver->asked;

	disconnect(resolver);
	resolver->asked = false;
	if (first == NULL)
		return;
	if (first->tries >= TRIES) {
		log_warn("%s service failure: %s", resolver->path, why);
		fail_first(resolver);
	} else if (!was_asked) {
		first->tries++;		/* without this a service that never greets would be asked for ever */
	}
	loop_timer_start(resolver->loop, &resolver->next, 0, next_turn, resolver);
}

static void
answered(struct resolver_async *resolver, const struct frame *frame)
{
	struct question *first = LIST_FIRST(&resolver->questions, struct question, link);
	struct resolve_reply reply;
	struct buf why = BUF_INIT;

	if (first != NULL && resolver->asked && resolve_reply_get(frame, &reply, &why)) {
		remember(resolver, buf_view(&first->frames), &reply);
		finish_first(resolver, &reply);
	} else {
		lost(resolver, why.len > 0 ? buf_c(&why) : "unexpected answer");
	}
	buf_fini(&why);
}

static void
rested(void *arg)
{
	disconnect(arg);
}

/* A kept connection holds a server that would rather go home. */
static void
rest(struct resolver_async *resolver)
{
	if (resolver->idle_ms > 0 && resolver->async != NULL && list_empty(&resolver->questions))
		loop_timer_start(resolver->loop, &resolver->rest, resolver->idle_ms, rested, resolver);
}

static void
event(struct async *async, enum async_event what, const struct frame *frame, const char *why, void *arg)
{
	struct resolver_async *resolver = arg;

	switch (what) {
	case ASYNC_READY:
		ask_next(resolver);
		rest(resolver);
		break;
	case ASYNC_FRAME:
		answered(resolver, frame);
		break;
	case ASYNC_RETIRED:
		disconnect(resolver);
		ask_next(resolver);
		break;
	case ASYNC_CLOSED:
		lost(resolver, why);
		break;
	}
}

/* -- questions ----------------------------------------------------------------------------------------------------- */

static void
connect_now(struct resolver_async *resolver)
{
	struct buf why = BUF_INIT;

	resolver->connected = clock_now();
	resolver->async = async_connect(resolver->loop, resolver->path, &resolve_protocol, resolver->timeout_ms, event,
	    resolver, &why);
	if (resolver->async == NULL)
		lost(resolver, buf_c(&why));
	buf_fini(&why);
}

static bool
is_old(const struct resolver_async *resolver)
{
	return resolver->ttl_ms > 0 && clock_now() - resolver->connected >= resolver->ttl_ms;
}

static void
ask_next(struct resolver_async *resolver)
{
	struct question *first = LIST_FIRST(&resolver->questions, struct question, link);

	if (first == NULL || resolver->asked)
		return;
	loop_timer_stop(&resolver->rest);
	if (resolver->async != NULL && async_ready(resolver->async) && is_old(resolver))
		disconnect(resolver);
	if (resolver->async == NULL) {
		connect_now(resolver);
	} else if (async_ready(resolver->async)) {
		resolver->asked = true;
		first->tries++;
		async_send(resolver->async, buf_view(&first->frames));
	}
}

void
resolve_query_start(struct resolver_async *resolver, const struct resolve_request *request, resolve_done *done, void *arg)
{
	struct question *question;
	const struct resolve_reply *known;
	struct buf frames = BUF_INIT;

	resolve_request_put(&frames, request);
	known = list_empty(&resolver->questions) ? recall(resolver, buf_view(&frames)) : NULL;
	if (known != NULL) {
		buf_fini(&frames);
		done(known, arg);
		return;
	}
	question = mem_new(sizeof(*question));
	question->done = done;
	question->arg = arg;
	buf_swap(&question->frames, &frames);
	list_append(&resolver->questions, &question->link);
	if (!loop_timer_running(&resolver->next))
		loop_timer_start(resolver->loop, &resolver->next, 0, next_turn, resolver);
}

struct resolver_async *
resolver_async_new(struct loop *loop, const char *path, msec_t timeout_ms)
{
	struct resolver_async *resolver = mem_new(sizeof(*resolver));

	resolver->loop = loop;
	resolver->path = mem_string(path);
	resolver->timeout_ms = timeout_ms;
	resolver->cache = hash_new();
	list_init(&resolver->questions);
	return resolver;
}

void
resolver_async_keep(struct resolver_async *resolver, msec_t idle_ms, msec_t ttl_ms)
{
	resolver->idle_ms = idle_ms;
	resolver->ttl_ms = ttl_ms;
}

/* Questions that wait are dropped without an answer. */
void
resolver_async_free(struct resolver_async *resolver)
{
	loop_timer_stop(&resolver->next);
	disconnect(resolver);
	LIST_FOREACH_SAFE(question, after, &resolver->questions, struct question, link) {
		list_remove(&question->link);
		buf_fini(&question->frames);
		mem_free(question);
	}
	hash_free(resolver->cache, answer_free);
	mem_free(resolver->path);
	mem_free(resolver);
}
