#include "global/client/proxy.h"

#include "global/client/call.h"
#include "global/config/config.h"
#include "table/recent.h"
#include "table/type.h"
#include "util/base/list.h"
#include "util/log/log.h"

/*
 * All tables of a process share one connection to each service, which lives as long as one of them is open. This is the
 * one place of state per process here: tables are opened by all kinds of code, none of which knows of the others.
 */
struct service {
	struct list link;
	char *path;
	struct caller *caller;
	unsigned users;
};

static struct list services = { &services, &services };

enum { NEXT_KEY_MAX = 1024 };		/* longer ones are asked for when their time comes */

struct proxied {
	struct service *service;
	char *table;			/* "type:name" */
	unsigned flags;
	struct buf question;
	bool refused;			/* the last lookup */
	struct recent *recent;		/* of tables of users, which are asked for each recipient; else NULL */
	struct buf next;		/* with recent: a key that may be asked for behind this one */
};

/* -- services ------------------------------------------------------------------------------------------------------ */

static const char *
setting(const struct table_env *env, const char *name, const char *otherwise)
{
	const char *value = env->setting != NULL ? env->setting(env->arg, name) : NULL;

	return value != NULL ? value : otherwise;
}

static msec_t
timeout_of(const struct table_env *env)
{
	long long seconds;

	return config_parse_time(setting(env, "ipc_timeout", "3600s"), 's', &seconds) ? seconds * 1000 : 3600 * 1000;
}

static void
service_path(const struct table_env *env, unsigned flags, struct buf *out)
{
	const char *name = (flags & TABLE_WRITE) != 0 ? setting(env, "proxywrite_service_name", "proxywrite")
	    : setting(env, "proxymap_service_name", "proxymap");

	caller_path(setting(env, "queue_directory", "."), name, out);
}

static struct service *
service_get(const struct table_env *env, unsigned flags)
{
	struct service *service;
	struct buf path = BUF_INIT;

	service_path(env, flags, &path);
	LIST_FOREACH(known, &services, struct service, link) {
		if (strcmp(known->path, buf_c(&path)) != 0)
			continue;
		buf_fini(&path);
		known->users++;
		return known;
	}
	service = mem_new(sizeof(*service));
	service->path = buf_detach(&path);
	service->caller = caller_new(service->path, &proxy_protocol, timeout_of(env));
	service->users = 1;
	list_append(&services, &service->link);
	return service;
}

static void
service_release(struct service *service)
{
	if (--service->users > 0)
		return;
	list_remove(&service->link);
	caller_free(service->caller);
	mem_free(service->path);
	mem_free(service);
}

/* -- the table type ------------------------------------------------------------------------------------------------ */

static enum lookup
denied(const struct proxied *p, struct buf *why)
{
	why_set(why, "%s service is not configured for table \"%s\"",
	    (p->flags & TABLE_WRITE) != 0 ? "proxywrite" : "proxymap", p->table);
	return LOOKUP_RETRY;
}

static enum lookup
ask(struct proxied *p, unsigned type, struct proxy_request *request, struct proxy_answer *answer, struct buf *why)
{
	struct frame frame;

	request->table = view_string(p->table);
	request->flags = p->flags;
	p->refused = false;
	buf_reset(&p->question);
	if (!proxy_request_put(&p->question, type, request)) {
		*answer = (struct proxy_answer){ .status = PROXY_NONE, .next_status = PROXY_RETRY };
		why_set(why, "%s: key or value too long", p->table);
		return LOOKUP_RETRY;
	}
	if (!caller_ask(p->service->caller, buf_view(&p->question), &frame, why) || !proxy_answer_get(&frame, answer, why))
		return LOOKUP_RETRY;
	switch ((enum proxy_status)answer->status) {
	case PROXY_FOUND: return LOOKUP_FOUND;
	case PROXY_NONE: return LOOKUP_NONE;
	case PROXY_DENIED: return denied(p, why);
	case PROXY_REFUSED: p->refused = true; break;
	case PROXY_RETRY: break;
	}
	why_set(why, "%.*s", VIEW_ARG(answer->why));
	return LOOKUP_RETRY;
}

static void
proxy_announce(void *state, struct view key)
{
	struct proxied *p = state;

	buf_set(&p->next, p->recent != NULL && key.len <= NEXT_KEY_MAX ? key : VIEW_EMPTY);
}

/* The next key was answered along where this one was not found. */
static void
remember(struct proxied *p, const struct proxy_request *request, enum lookup found, const struct proxy_answer *answer)
{
	enum lookup next = answer->next_status == PROXY_FOUND ? LOOKUP_FOUND : LOOKUP_NONE;

	recent_put(p->recent, request->key, answer->value, found);
	if (found == LOOKUP_NONE && request->next.len > 0 && answer->next_status <= PROXY_NONE)
		recent_put(p->recent, request->next, answer->next_value, next);
}

static enum lookup
proxy_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct proxied *p = state;
	struct proxy_request request = { .key = key, .next = key.len <= NEXT_KEY_MAX ? buf_view(&p->next) : VIEW_EMPTY };
	struct proxy_answer answer;
	enum lookup found;

	if (p->recent != NULL && recent_get(p->recent, key, value, &found)) {
		buf_reset(&p->next);
		return found;
	}
	found = ask(p, PROXY_FRAME_LOOKUP, &request, &answer, why);
	if (found == LOOKUP_FOUND)
		buf_set(value, answer.value);
	if (p->recent != NULL)
		remember(p, &request, found, &answer);
	buf_reset(&p->next);
	return found;
}

static bool
proxy_update(void *state, struct view key, struct view value, struct buf *why)
{
	struct proxy_request request = { .key = key, .value = value };
	struct proxy_answer answer;

	return ask(state, PROXY_FRAME_UPDATE, &request, &answer, why) == LOOKUP_FOUND;
}

static enum lookup
proxy_remove(void *state, struct view key, struct buf *why)
{
	struct proxy_request request = { .key = key };
	struct proxy_answer answer;

	return ask(state, PROXY_FRAME_DELETE, &request, &answer, why);
}

static enum lookup
proxy_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	struct proxy_request request = { .restart = restart };
	struct proxy_answer answer;
	enum lookup found = ask(state, PROXY_FRAME_NEXT, &request, &answer, why);

	if (found == LOOKUP_FOUND) {
		buf_set(key, answer.key);
		buf_set(value, answer.value);
	}
	return found;
}

static void
proxy_close(void *state)
{
	struct proxied *p = state;

	service_release(p->service);
	if (p->recent != NULL)
		recent_fini(p->recent);
	mem_free(p->recent);
	buf_fini(&p->question);
	buf_fini(&p->next);
	mem_free(p->table);
	mem_free(p);
}

/* Keys go as they are, and are folded where the table is. */
static void *
proxy_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct proxied *p = mem_new(sizeof(*p));
	struct proxy_request request = { 0 };
	struct proxy_answer answer;

	p->service = service_get(env, flags);
	p->table = mem_string(name);
	p->flags = flags & ~(unsigned)TABLE_BULK;
	if (view_starts(view_string(name), VIEW("unix:")))
		p->recent = mem_new(sizeof(*p->recent));
	if (ask(p, PROXY_FRAME_OPEN, &request, &answer, why) != LOOKUP_FOUND) {
		proxy_close(p);
		return NULL;
	}
	*traits = (struct table_traits){
		.kind = (enum table_kind)answer.kind, .remote = true, .transparent = true, .owner = (uid_t)answer.owner,
		.owner_trusted = answer.owner_trusted,
	};
	return p;
}

static bool
proxy_refused(void *state)
{
	const struct proxied *p = state;

	return p->refused;
}

static const struct table_ops ops = {
	.lookup = proxy_lookup,
	.update = proxy_update,
	.remove = proxy_remove,
	.next = proxy_next,
	.announce = proxy_announce,
	.close = proxy_close,
	.refused = proxy_refused,
};

static const struct table_type proxy_type = { .name = "proxy", .ops = &ops, .open = proxy_open, .promises = "unix-connect" };

void
proxy_register(void)
{
	table_register(&proxy_type);
}
