#include "bounce/bounce.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "service/service.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { TEMPLATE_FILE_MAX = 1 << 20 };

/* -- append -------------------------------------------------------------------------------------------------------- */

/* What was reported of a recipient, as a log has it. */
static struct bounce_log_entry
log_entry_of(const struct bounce_entry *entry)
{
	return (struct bounce_log_entry){
		.recipient = entry->recipient, .original = entry->original, .dsn_orcpt = entry->dsn_orcpt,
		.dsn_notify = entry->dsn_notify, .offset = entry->offset, .status = entry->status, .action = entry->action,
		.diag_type = entry->diag_type, .diag_text = entry->diag_text, .mta_type = entry->mta_type,
		.mta_name = entry->mta_name, .reason = entry->text,
	};
}

static bool
append(struct bounce *bounce, const struct bounce_entry *entry)
{
	struct bounce_log_entry line = log_entry_of(entry);
	struct buf why = BUF_INIT;
	bool ok;

	ok = bounce_log_append(&bounce->config->layout, bounce->queue, entry->queue_id, &line,
	    bounce->config->compatible_log, &why);
	if (!ok)
		log_warn("%.*s: %s", VIEW_ARG(entry->queue_id), buf_c(&why));
	buf_fini(&why);
	return ok;
}

/* -- a case -------------------------------------------------------------------------------------------------------- */

/*
 * A message that is not where it should be was taken by another queue manager, after a crash, or by postsuper: who has it
 * will ask again, and a notice from here would tell nothing of it. A damaged one is told of as far as it goes.
 */
static void
open_message(struct bounce_case *c)
{
	struct buf path = BUF_INIT, why = BUF_INIT, queue = BUF_INIT;
	enum queue_read result = QUEUE_READ_ERROR;
	struct queue_recipient *recipients;
	size_t count;
	off_t resume = 0;

	buf_putv(&queue, c->request->queue_name);
	queue_path(&path, &c->bounce->config->layout, buf_c(&queue), c->request->queue_id);
	if ((c->fd = file_open(buf_c(&path), O_RDONLY, 0, &why)) != -1)
		result = queue_envelope_read(c->fd, &c->arena, &c->envelope, &recipients, &count, 1, &resume, NULL, &why);
	if (result > QUEUE_READ_END) {
		log_warn("%.*s: %s", VIEW_ARG(c->request->queue_id), buf_c(&why));
		c->envelope.complete = false;
	}
	c->unreadable = result == QUEUE_READ_ERROR;
	buf_fini(&queue);
	buf_fini(&why);
	buf_fini(&path);
}

static void
open_log(struct bounce_case *c)
{
	struct buf why = BUF_INIT;

	c->log = bounce_log_open(&c->bounce->config->layout, c->bounce->queue, c->request->queue_id, &why);
	if (c->log == NULL && errno != ENOENT) {
		log_warn("%.*s: %s", VIEW_ARG(c->request->queue_id), buf_c(&why));
		c->unreadable = true;
	}
	buf_fini(&why);
}

/* False when it is not over: somebody was told, but more is to be told. */
static bool
remove_log(struct bounce_case *c)
{
	struct buf why = BUF_INIT;
	bool removed = true;

	if (c->log != NULL)
		removed = bounce_log_remove(&c->bounce->config->layout, c->bounce->queue, c->request->queue_id, c->log, &why);
	if (!removed)
		log_warn("%.*s: %s", VIEW_ARG(c->request->queue_id), buf_c(&why));
	buf_fini(&why);
	return removed;
}

static enum bounce_template_kind
kind_of(unsigned type, const struct queue_envelope *envelope)
{
	if (type == BOUNCE_FRAME_WARN)
		return TEMPLATE_DELAY;
	if (type != BOUNCE_FRAME_TRACE)
		return TEMPLATE_FAILURE;
	return envelope->trace_flags & (TRACE_USER_VERIFY | TRACE_RECORD) ? TEMPLATE_VERIFY : TEMPLATE_SUCCESS;
}

/* only: the entry of a notice without a log; NULL: from the log, which goes when everybody is told. */
static bool
make_notices(struct bounce *bounce, unsigned type, const struct bounce_notice *request, const struct bounce_log_entry *only)
{
	struct bounce_case c = { .bounce = bounce, .request = request, .fd = -1, .single = only };
	bool ok;

	open_message(&c);
	c.kind = kind_of(type, &c.envelope);
	if (only == NULL)
		open_log(&c);
	ok = !case_unreadable(&c) && notice_send_all(&c) && !case_unreadable(&c);
	if (only == NULL && type != BOUNCE_FRAME_WARN && (ok || (request->flags & BOUNCE_FLAG_CLEAN)))
		ok = remove_log(&c) && ok;
	if (c.fd != -1)
		close(c.fd);
	bounce_log_close(c.log);
	arena_fini(&c.scratch);
	arena_fini(&c.arena);
	return ok;
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

static bool
take_append(struct bounce *bounce, struct channel *channel, const struct frame *frame, bool *ok, struct buf *why)
{
	struct bounce_entry entry;

	if (!bounce_entry_get(frame, &entry, why))
		return false;
	*ok = queue_id_valid(entry.queue_id) && append(bounce, &entry);
	return true;
}

static bool
take_notice(struct bounce *bounce, struct channel *channel, const struct frame *frame, bool *ok, struct buf *why)
{
	struct bounce_notice notice;

	if (!bounce_notice_get(frame, &notice, why))
		return false;
	*ok = queue_id_valid(notice.queue_id) && queue_name_valid(notice.queue_name) &&
	    make_notices(bounce, frame->type, &notice, NULL);
	return true;
}

/* The entry, then the notice: the first frame's bytes go with the second, so they are kept. */
static bool
take_one(struct bounce *bounce, struct channel *channel, const struct frame *frame, bool *ok, struct buf *why)
{
	struct arena arena = ARENA_INIT;
	struct frame kept = { frame->type, frame->flags, arena_view(&arena, frame->payload) }, second;
	struct bounce_entry entry;
	struct bounce_notice notice;
	bool understood;

	understood = bounce_entry_get(&kept, &entry, why) && (kept.flags & FRAME_MORE) &&
	    channel_read(channel, &second, clock_deadline((msec_t)bounce->config->ipc_timeout_sec * 1000)) == CHANNEL_OK &&
	    second.type == BOUNCE_FRAME_ONE && bounce_notice_get(&second, &notice, why);
	if (understood) {
		struct bounce_log_entry line = log_entry_of(&entry);

		*ok = queue_id_valid(notice.queue_id) && queue_name_valid(notice.queue_name) &&
		    make_notices(bounce, BOUNCE_FRAME_ONE, &notice, &line);
	}
	arena_fini(&arena);
	return understood;
}

static const struct {
	unsigned type;
	bool (*take)(struct bounce *bounce, struct channel *channel, const struct frame *frame, bool *ok, struct buf *why);
} requests[] = {
	{ BOUNCE_FRAME_APPEND, take_append },
	{ BOUNCE_FRAME_FLUSH, take_notice },
	{ BOUNCE_FRAME_WARN, take_notice },
	{ BOUNCE_FRAME_TRACE, take_notice },
	{ BOUNCE_FRAME_ONE, take_one },
};

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	struct buf why = BUF_INIT;
	bool understood = false, ok = false;

	why_set(&why, "unknown request");
	for (size_t i = 0; i < ARRAY_COUNT(requests); i++)
		if (requests[i].type == request->type)
			understood = requests[i].take(service_state(ctx), channel, request, &ok, &why);
	if (understood)
		bounce_status_put(channel_out(channel), ok);
	else
		log_warn("request of type %u: %s", request->type, buf_c(&why));
	buf_fini(&why);
	return understood ? SERVICE_DONE : SERVICE_HANG_UP;
}

/* -- service ------------------------------------------------------------------------------------------------------- */

static const char *
queue_of(const struct bounce_config *config, struct view service)
{
	if (view_is(service, config->defer_service))
		return QUEUE_DEFER;
	return view_is(service, config->trace_service) ? QUEUE_TRACE : QUEUE_BOUNCE;
}

static void
read_templates(struct bounce *bounce, const char *path)
{
	struct buf file = BUF_INIT, why = BUF_INIT;

	if (!file_read_all(path, TEMPLATE_FILE_MAX, &file, &why))
		log_warn("bounce_template_file: %s; the built-in texts are used", buf_c(&why));
	else
		bounce_templates_parse(&bounce->templates, buf_view(&file), path);
	buf_fini(&why);
	buf_fini(&file);
}

static void
prepare_templates(struct bounce *bounce, struct config *config)
{
	struct buf why = BUF_INIT;

	bounce_templates_init(&bounce->templates);
	if (*bounce->config->template_file != '\0')
		read_templates(bounce, bounce->config->template_file);
	for (size_t i = 0; i < TEMPLATE_COUNT; i++)
		if (!bounce_template_expand(&bounce->templates.list[i], config, &bounce->texts[i], &why))
			log_fatal("%s: %s", bounce->templates.list[i].name, buf_c(&why));
	buf_fini(&why);
}

static void
prepare(struct service_context *ctx)
{
	struct bounce *bounce = mem_new(sizeof(*bounce));
	struct buf path = BUF_INIT;

	bounce->config = service_config(ctx);
	prepare_templates(bounce, service_settings(ctx));
	bounce->cleanup_flags = cleanup_notice_flags(bounce->config->filter_classes, "bounce") |
	    cleanup_utf8_flags(bounce->config->utf8, bounce->config->utf8_classes, "bounce");
	bounce->queue = queue_of(bounce->config, view_string(service_name(ctx)));
	buf_printf(&path, "public/%s", bounce->config->cleanup_service);
	bounce->cleanup = cleanup_client_new(buf_c(&path), (msec_t)bounce->config->ipc_timeout_sec * 1000);
	buf_fini(&path);
	service_set_state(ctx, bounce);
}

/* A kept connection would hold a cleanup process for nothing. */
static void
idle(struct service_context *ctx)
{
	struct bounce *bounce = service_state(ctx);

	cleanup_client_release(bounce->cleanup);
}

static const struct service bounce_service = {
	.name = "bounce",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_UNLIMITED,
	.protocol = &bounce_protocol,
	.bindings = bounce_bindings,
	.config_size = sizeof(struct bounce_config),
	.promises = "stdio queue-create unix-connect",
	.prepare = prepare,
	.serve = serve,
	.idle = idle,
};

int
main(int argc, char **argv)
{
	return service_main(&bounce_service, argc, argv);
}
