#include "global/client/flush.h"

#include "global/address/address.h"
#include "global/client/call.h"
#include "global/config/compatibility.h"
#include "global/config/tables.h"
#include "util/ipc/async.h"
#include "util/log/log.h"
#include "util/text/words.h"

enum { NAME_MAX_LENGTH = 1024 };	/* of what the service is asked for */

static bool
sendable(struct view name)
{
	return name.len > 0 && name.len <= NAME_MAX_LENGTH && view_find(name, '\0') < 0;
}

/* -- waiting ------------------------------------------------------------------------------------------------------- */

/* One connection for one request: a kept one would hold a process of the service. */
static enum flush_status
ask(const char *path, unsigned type, const struct flush_request *request, msec_t timeout_ms)
{
	struct caller *caller = caller_new(path, &flush_protocol, timeout_ms);
	struct buf question = BUF_INIT, why = BUF_INIT;
	enum flush_status status = FLUSH_FAILED;
	struct frame answer;

	flush_request_put(&question, type, request);
	if (!caller_ask(caller, buf_view(&question), &answer, &why) || !flush_status_get(&answer, &status, &why))
		log_warn("fast flush service failure: %s", buf_c(&why));
	caller_free(caller);
	buf_fini(&question);
	buf_fini(&why);
	return status;
}

enum flush_status
flush_add(const char *path, struct view site, struct view queue_id, msec_t timeout_ms)
{
	struct flush_request request = { .site = site, .queue_id = queue_id };

	return sendable(site) && sendable(queue_id) ? ask(path, FLUSH_FRAME_ADD, &request, timeout_ms) : FLUSH_BAD;
}

enum flush_status
flush_site(const char *path, struct view site, msec_t timeout_ms)
{
	struct flush_request request = { .site = site };

	return sendable(site) ? ask(path, FLUSH_FRAME_SITE, &request, timeout_ms) : FLUSH_BAD;
}

enum flush_status
flush_message(const char *path, struct view queue_id, msec_t timeout_ms)
{
	struct flush_request request = { .queue_id = queue_id };

	return sendable(queue_id) ? ask(path, FLUSH_FRAME_MESSAGE, &request, timeout_ms) : FLUSH_BAD;
}

/* -- not waiting --------------------------------------------------------------------------------------------------- */

struct adding {
	struct async *async;
	struct buf frames;
};

static void
added(struct adding *adding)
{
	async_close(adding->async);
	buf_fini(&adding->frames);
	mem_free(adding);
}

static void
event(struct async *async, enum async_event what, const struct frame *frame, const char *why, void *arg)
{
	struct adding *adding = arg;

	if (what == ASYNC_READY && adding->frames.len > 0) {
		async_send(async, buf_view(&adding->frames));
		buf_reset(&adding->frames);
		return;
	}
	if (what == ASYNC_CLOSED)
		log_warn("fast flush service failure: %s", why);
	if (what != ASYNC_READY)
		added(adding);
}

void
flush_add_start(struct loop *loop, const char *path, struct view site, struct view queue_id, msec_t timeout_ms)
{
	struct flush_request request = { .site = site, .queue_id = queue_id };
	struct adding *adding;
	struct buf why = BUF_INIT;

	if (!sendable(site) || !sendable(queue_id))
		return;
	adding = mem_new(sizeof(*adding));
	flush_request_put(&adding->frames, FLUSH_FRAME_ADD, &request);
	adding->async = async_connect(loop, path, &flush_protocol, timeout_ms, event, adding, &why);
	if (adding->async == NULL) {
		log_warn("fast flush service failure: %s", buf_c(&why));
		buf_fini(&adding->frames);
		mem_free(adding);
	}
	buf_fini(&why);
}

/* -- which domains ------------------------------------------------------------------------------------------------- */

struct settings {
	const char *domains, *parents, *service;
	int timeout_sec;
	bool old_domains;
};

static const struct binding bindings[] = {
	BIND_STRING(struct settings, domains, "fast_flush_domains"),
	BIND_OLD_DEFAULT(struct settings, old_domains, "relay_domains"),
	BIND_STRING(struct settings, parents, "parent_domain_matches_subdomains"),
	BIND_STRING(struct settings, service, "flush_service_name"),
	BIND_TIME(struct settings, timeout_sec, "ipc_timeout"),
	BIND_END
};

bool
fast_flush_open(struct fast_flush *fast, struct config *config, struct buf *why)
{
	const struct table_env *env = config_table_env(config, why);
	struct buf path = BUF_INIT;
	struct settings settings;

	if (env == NULL || !config_bind(config, bindings, &settings, why))
		return false;
	buf_printf(&path, "public/%s", settings.service);
	*fast = (struct fast_flush){ NULL, buf_detach(&path), (msec_t)settings.timeout_sec * 1000,
	    settings.old_domains && !config_is_set(config, "fast_flush_domains") };
	if (settings.domains[0] != '\0')
		fast->domains = match_list_open(env, "fast_flush_domains", settings.domains,
		    words_contain(view_string(settings.parents), VIEW("fast_flush_domains")) ? MATCH_PARENT_DOMAINS : 0);
	return true;
}

void
fast_flush_close(struct fast_flush *fast)
{
	if (fast->domains != NULL)
		match_list_close(fast->domains);
	mem_free(fast->path);
	*fast = (struct fast_flush){ 0 };
}

bool
fast_flush_serves(const struct fast_flush *fast, struct view domain)
{
	struct netaddr literal;

	if (fast->domains == NULL)
		return false;
	if (netaddr_parse_literal(domain, &literal))
		return match_list_host(fast->domains, domain, &literal) != LOOKUP_NONE;
	return match_list_domain(fast->domains, domain) != LOOKUP_NONE;
}

static bool
served_domain(const struct fast_flush *fast, struct view recipient, struct view *domain)
{
	struct view local;

	if (fast->domains == NULL || !address_split(recipient, &local, domain) || !fast_flush_serves(fast, *domain))
		return false;
	if (fast->old_domains)
		compatibility_log("relay_domains=$mydestination to update fast-flush logfile for domain \"%.*s\"",
		    VIEW_ARG(*domain));
	return true;
}

void
fast_flush_deferred(const struct fast_flush *fast, struct view recipient, struct view queue_id)
{
	struct view domain;

	if (served_domain(fast, recipient, &domain))
		flush_add(fast->path, domain, queue_id, fast->timeout_ms);
}

void
fast_flush_deferred_start(const struct fast_flush *fast, struct loop *loop, struct view recipient, struct view queue_id)
{
	struct view domain;

	if (served_domain(fast, recipient, &domain))
		flush_add_start(loop, fast->path, domain, queue_id, fast->timeout_ms);
}
