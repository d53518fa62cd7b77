/* flush: which messages wait for which destination, so that one destination's mail can be tried at once. */
#include <errno.h>

#include "flush/site_log.h"
#include "global/client/flush.h"
#include "global/client/qmgr.h"
#include "global/config/compatibility.h"
#include "global/queue/queue_scan.h"
#include "global/queue/retry.h"
#include "service/service.h"
#include "util/log/log.h"

struct flush_config {
	struct queue_layout layout;
	const char *queue_service;
	int refresh_sec, purge_sec, trigger_timeout_sec;
};

static const struct binding bindings[] = {
	BIND_STRING(struct flush_config, layout.hashed_names, "hash_queue_names"),
	BIND_INT(struct flush_config, layout.hash_depth, "hash_queue_depth"),
	BIND_BOOL(struct flush_config, layout.long_ids, "enable_long_queue_ids"),
	BIND_STRING(struct flush_config, queue_service, "queue_service_name"),
	BIND_TIME(struct flush_config, refresh_sec, "fast_flush_refresh_time"),
	BIND_TIME(struct flush_config, purge_sec, "fast_flush_purge_time"),
	BIND_TIME(struct flush_config, trigger_timeout_sec, "trigger_timeout"),
	BIND_END
};

struct flush {
	const struct flush_config *config;
	struct fast_flush fast;
	size_t moved;			/* to incoming, by this request */
};

/* -- trying messages ----------------------------------------------------------------------------------------------- */

static void
retry(struct view queue_id, void *arg)
{
	struct flush *flush = arg;
	struct buf why = BUF_INIT;

	if (queue_retry_now(&flush->config->layout, queue_id, &why))
		flush->moved++;
	else if (errno != ENOENT)
		log_warn("%.*s: %s", VIEW_ARG(queue_id), buf_c(&why));
	buf_fini(&why);
}

/* One scan for all that was moved. */
static bool
tell_qmgr(struct flush *flush)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	const char request[] = { QMGR_REQUEST_INCOMING };
	bool ok = true;

	buf_printf(&path, "public/%s", flush->config->queue_service);
	if (flush->moved > 0)
		ok = trigger_send(buf_c(&path), view_bytes(request, sizeof(request)),
		    (msec_t)flush->config->trigger_timeout_sec * 1000, &why);
	if (!ok)
		log_warn("cannot wake the queue manager: %s", buf_c(&why));
	flush->moved = 0;
	buf_fini(&path);
	buf_fini(&why);
	return ok;
}

static bool
retry_list(struct flush *flush, const char *path)
{
	struct buf why = BUF_INIT;
	bool ok = site_log_take(path, retry, flush, &why);

	if (!ok)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	return ok;
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

/* The list of this site, or why it has none. */
static enum flush_status
site_path(const struct flush *flush, struct view site, struct buf *path)
{
	struct buf name = BUF_INIT;
	enum flush_status status = FLUSH_OK;

	if (!site_log_name(site, &name))
		status = FLUSH_BAD;
	else if (!fast_flush_serves(&flush->fast, site))
		status = FLUSH_UNSERVED;
	else
		queue_path(path, &flush->config->layout, QUEUE_FLUSH, buf_view(&name));
	buf_fini(&name);
	return status;
}

static enum flush_status
add(struct flush *flush, const struct flush_request *request)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	enum flush_status status = FLUSH_BAD;

	if (queue_id_valid(request->queue_id))
		status = site_path(flush, request->site, &path);
	if (status == FLUSH_OK && !site_log_append(buf_c(&path), request->queue_id, &why)) {
		log_warn("%s", buf_c(&why));
		status = FLUSH_FAILED;
	}
	buf_fini(&path);
	buf_fini(&why);
	return status;
}

static enum flush_status
flush_whole_site(struct flush *flush, const struct flush_request *request)
{
	struct buf path = BUF_INIT;
	enum flush_status status = site_path(flush, request->site, &path);

	if (status == FLUSH_OK && flush->fast.old_domains)
		compatibility_log("relay_domains=$mydestination to flush mail for domain \"%.*s\"", VIEW_ARG(request->site));
	if (status == FLUSH_OK && !(retry_list(flush, buf_c(&path)) && tell_qmgr(flush)))
		status = FLUSH_FAILED;
	buf_fini(&path);
	return status;
}

static enum flush_status
flush_one_message(struct flush *flush, const struct flush_request *request)
{
	if (!queue_id_valid(request->queue_id))
		return FLUSH_BAD;
	retry(request->queue_id, flush);
	if (flush->moved == 0)
		return FLUSH_UNSERVED;
	return tell_qmgr(flush) ? FLUSH_OK : FLUSH_FAILED;
}

static enum flush_status (*const requests[])(struct flush *flush, const struct flush_request *request) = {
	[FLUSH_FRAME_ADD] = add,
	[FLUSH_FRAME_SITE] = flush_whole_site,
	[FLUSH_FRAME_MESSAGE] = flush_one_message,
};

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *frame)
{
	struct flush_request request;
	struct buf why = BUF_INIT;

	if (!flush_request_get(frame, &request, &why)) {
		log_warn("malformed request: %s", buf_c(&why));
		buf_fini(&why);
		return SERVICE_HANG_UP;
	}
	flush_status_put(channel_out(channel), requests[frame->type](service_state(ctx), &request));
	return SERVICE_DONE;
}

/* -- chores -------------------------------------------------------------------------------------------------------- */

/* Lists that nobody asks for are gone through from time to time, and go when nothing came for long. */
static void
refresh(struct service_context *ctx, struct view trigger)
{
	struct flush *flush = service_state(ctx);
	const struct flush_config *config = flush->config;
	struct queue_scan *scan = queue_scan_open(QUEUE_FLUSH);
	struct view id, path;

	while (queue_scan_next(scan, &id, &path)) {
		switch (site_log_age(path.data, config->refresh_sec, config->purge_sec)) {
		case SITE_LOG_UNREAD:
			retry_list(flush, path.data);
			break;
		case SITE_LOG_EMPTY:
			site_log_remove_empty(path.data);
			break;
		case SITE_LOG_KEEP:
			break;
		}
	}
	queue_scan_close(scan);
	tell_qmgr(flush);
}

static void
prepare(struct service_context *ctx)
{
	struct flush *flush = mem_new(sizeof(*flush));
	struct buf why = BUF_INIT;

	flush->config = service_config(ctx);
	if (!fast_flush_open(&flush->fast, service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
	service_set_state(ctx, flush);
}

static const struct service flush_service = {
	.name = "flush",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_UNLIMITED,
	.protocol = &flush_protocol,
	.bindings = bindings,
	.config_size = sizeof(struct flush_config),
	.promises = "stdio queue-create unix-connect",
	.prepare = prepare,
	.serve = serve,
	.trigger = refresh,
};

int
main(int argc, char **argv)
{
	return service_main(&flush_service, argc, argv);
}
