/* proxymap: lookup tables for others. Under the name proxywrite it is the one process that writes to some of them. */
#include "global/client/proxy.h"
#include "proxymap/approved.h"
#include "service/service.h"
#include "util/base/hash.h"
#include "util/log/log.h"

/* Flags that a client may choose; all others make no sense here, or are ours to decide. */
enum {
	READ_FLAGS = TABLE_FOLD_FIXED | TABLE_FOLD_PATTERN | TABLE_NO_SUBSTITUTION | TABLE_NO_UNAUTHORISED |
	    TABLE_ADD_NUL | TABLE_NO_NUL,
	WRITE_FLAGS = READ_FLAGS | TABLE_WRITE | TABLE_DUP_WARN | TABLE_DUP_IGNORE | TABLE_DUP_REPLACE,
};

enum { PARTS_MS = 1000 };

struct proxymap_config {
	const char *write_service;
};

static const struct binding bindings[] = {
	BIND_STRING(struct proxymap_config, write_service, "proxywrite_service_name"),
	BIND_END
};

struct proxymap {
	struct service_context *ctx;
	bool writes;
	struct approved *approved;
	struct hash *tables;		/* open ones, by flags and name: one client's folding is not another's (TB16) */
	bool dirty;
	struct buf key, value, next_value, why;	/* of the current request */
	struct buf parts;		/* its key, when that came in several */
};

/* -- tables -------------------------------------------------------------------------------------------------------- */

static struct table *
open_table(struct proxymap *proxymap, const struct proxy_request *request, unsigned flags)
{
	struct buf id = BUF_INIT;
	struct table *table;

	buf_printf(&id, "%u %.*s", flags, VIEW_ARG(request->table));
	table = hash_get(proxymap->tables, buf_view(&id));
	if (table == NULL) {
		table = table_open(service_tables(proxymap->ctx), request->table, flags);
		hash_put(proxymap->tables, buf_view(&id), table);
		service_watch(proxymap->ctx, table);
	}
	buf_fini(&id);
	return table;
}

/* NULL: not for the likes of this request. */
static struct table *
table_for(struct proxymap *proxymap, const struct proxy_request *request)
{
	unsigned allowed = proxymap->writes ? WRITE_FLAGS : READ_FLAGS;

	if (!approved_has(proxymap->approved, request->table)) {
		log_warn("request for unapproved table: \"%.*s\"", VIEW_ARG(request->table));
		log_warn("to approve this table for %s access, list proxy:%.*s in main.cf:%s",
		    proxymap->writes ? "read-write" : "read-only", VIEW_ARG(request->table),
		    proxymap->writes ? "proxy_write_maps" : "proxy_read_maps");
		return NULL;
	}
	return open_table(proxymap, request, (unsigned)request->flags & allowed);
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

static int
status_of(enum lookup found)
{
	static const int statuses[] = {
		[LOOKUP_FOUND] = PROXY_FOUND, [LOOKUP_NONE] = PROXY_NONE, [LOOKUP_RETRY] = PROXY_RETRY,
	};

	return statuses[found];
}

static void
describe(struct proxymap *proxymap, struct table *table, const struct proxy_request *request, struct proxy_answer *answer)
{
	const char *broken = table_broken(table);

	answer->status = broken == NULL ? PROXY_FOUND : PROXY_RETRY;
	answer->kind = (int)table_kind(table);
	answer->owner = table_owner(table, &answer->owner_trusted);
	why_set(&proxymap->why, "%s", broken != NULL ? broken : "");
}

static void
look_up(struct proxymap *proxymap, struct table *table, const struct proxy_request *request, struct proxy_answer *answer)
{
	answer->status = status_of(table_lookup(table, request->key, &proxymap->value, &proxymap->why));
	if (answer->status == PROXY_RETRY && table_refused(table))
		answer->status = PROXY_REFUSED;
	if (request->next.len == 0 || answer->status != PROXY_NONE)
		return;
	answer->next_status = status_of(table_lookup(table, request->next, &proxymap->next_value, NULL));
	if (answer->next_status == PROXY_FOUND)
		answer->next_value = buf_view(&proxymap->next_value);
}

static void
update(struct proxymap *proxymap, struct table *table, const struct proxy_request *request, struct proxy_answer *answer)
{
	bool ok = table_update(table, request->key, request->value, &proxymap->why);

	answer->status = ok ? PROXY_FOUND : PROXY_RETRY;
	proxymap->dirty = true;
}

static void
delete(struct proxymap *proxymap, struct table *table, const struct proxy_request *request, struct proxy_answer *answer)
{
	answer->status = status_of(table_delete(table, request->key, &proxymap->why));
	proxymap->dirty = true;
}

static void
next(struct proxymap *proxymap, struct table *table, const struct proxy_request *request, struct proxy_answer *answer)
{
	answer->status = status_of(table_next(table, request->restart, &proxymap->key, &proxymap->value, &proxymap->why));
}

typedef void	handler(struct proxymap *proxymap, struct table *table, const struct proxy_request *request,
		    struct proxy_answer *answer);

static const struct {
	handler *handle;
	bool writes;
} requests[] = {
	[PROXY_FRAME_OPEN] = { describe, false },
	[PROXY_FRAME_LOOKUP] = { look_up, false },
	[PROXY_FRAME_UPDATE] = { update, true },
	[PROXY_FRAME_DELETE] = { delete, true },
	[PROXY_FRAME_NEXT] = { next, false },
};

static void
answer_request(struct proxymap *proxymap, unsigned type, const struct proxy_request *request, struct proxy_answer *answer)
{
	struct table *table = table_for(proxymap, request);
	bool remote = table != NULL && table_is_remote(table);

	*answer = (struct proxy_answer){ .status = PROXY_DENIED };
	buf_reset(&proxymap->key);
	buf_reset(&proxymap->value);
	buf_reset(&proxymap->why);
	if (table == NULL || (requests[type].writes && !proxymap->writes))
		return;
	if (remote)
		service_busy(proxymap->ctx, true);
	requests[type].handle(proxymap, table, request, answer);
	if (remote)
		service_busy(proxymap->ctx, false);
	if (answer->status == PROXY_FOUND) {
		answer->key = buf_view(&proxymap->key);
		answer->value = buf_view(&proxymap->value);
	}
	answer->why = buf_view(&proxymap->why);
}

/* A client sends all parts and the request at once; others wait that long for one that does not. */
static bool
take_parts(struct proxymap *proxymap, struct channel *channel, struct frame *frame, struct buf *why)
{
	msec_t deadline = clock_deadline(PARTS_MS);

	buf_reset(&proxymap->parts);
	while (frame->type == PROXY_FRAME_PART) {
		if (proxymap->parts.len + frame->payload.len > PROXY_KEY_MAX) {
			why_set(why, "the key is too long");
			return false;
		}
		buf_putv(&proxymap->parts, frame->payload);
		if (channel_read(channel, frame, deadline) != CHANNEL_OK) {
			why_set(why, "the rest of a key did not come");
			return false;
		}
	}
	return true;
}

static bool
take_request(struct proxymap *proxymap, struct channel *channel, struct frame *frame, struct proxy_request *request,
    struct buf *why)
{
	if (!take_parts(proxymap, channel, frame, why) || !proxy_request_get(frame, request, why))
		return false;
	if (proxymap->parts.len == 0)
		return true;
	buf_putv(&proxymap->parts, request->key);
	request->key = buf_view(&proxymap->parts);
	return true;
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *first)
{
	struct proxymap *proxymap = service_state(ctx);
	struct frame frame = *first;
	struct proxy_request request;
	struct proxy_answer answer;
	struct buf why = BUF_INIT;

	if (!take_request(proxymap, channel, &frame, &request, &why)) {
		log_warn("malformed request: %s", buf_c(&why));
		buf_fini(&why);
		return SERVICE_HANG_UP;
	}
	answer_request(proxymap, frame.type, &request, &answer);
	proxy_answer_put(channel_out(channel), &answer);
	return SERVICE_DONE;
}

/* -- life ---------------------------------------------------------------------------------------------------------- */

/* Behind the sandbox no library can be loaded any more. */
static void
load_type(struct view table, void *arg)
{
	const struct table_env *env = arg;
	struct view word, type, rest;

	while (view_word(&table, "{}, \t\r\n", &word))		/* tables of tables */
		for (rest = word; view_split(rest, ':', &type, &rest);)
			table_load_type(env, type);
}

static void
prepare(struct service_context *ctx)
{
	const struct proxymap_config *config = service_config(ctx);
	struct proxymap *proxymap = mem_new(sizeof(*proxymap));

	proxy_register_direct();
	proxymap->ctx = ctx;
	proxymap->writes = strcmp(service_name(ctx), config->write_service) == 0;
	proxymap->approved = approved_read(service_settings(ctx), proxymap->writes ? "proxy_write_maps" : "proxy_read_maps");
	approved_each(proxymap->approved, load_type, (void *)(uintptr_t)service_tables(ctx));
	proxymap->tables = hash_new();
	service_promise_path(ctx, proxymap->writes ? "file-write" : "file-read", "/");	/* tables are opened when asked for */
	service_set_state(ctx, proxymap);
}

static bool
sync_table(struct view id, void *value, void *arg)
{
	struct buf why = BUF_INIT;

	if (!table_commit(value, &why))
		log_warn("%s: %s", table_name(value), buf_c(&why));
	buf_fini(&why);
	return true;
}

static void
idle(struct service_context *ctx)
{
	struct proxymap *proxymap = service_state(ctx);

	if (proxymap->dirty)
		hash_each(proxymap->tables, sync_table, NULL);
	proxymap->dirty = false;
}

static void
close_table(void *table)
{
	table_close(table);
}

static void
stop(struct service_context *ctx)
{
	struct proxymap *proxymap = service_state(ctx);

	idle(ctx);
	hash_free(proxymap->tables, close_table);
}

static const struct service proxymap_service = {
	.name = "proxymap",
	.shape = SERVICE_MANY_CLIENTS,
	.protocol = &proxy_protocol,
	.bindings = bindings,
	.config_size = sizeof(struct proxymap_config),
	.promises = "stdio unix-connect net-connect dns nss",
	.prepare = prepare,
	.serve = serve,
	.idle = idle,
	.stop = stop,
};

int
main(int argc, char **argv)
{
	return service_main(&proxymap_service, argc, argv);
}
