/*
 * cleanup: the only writer of new queue files. Takes a message as a run of records, completes and rewrites it, writes
 * one file, makes it durable, and answers; qmgr gets a hint.
 */
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "cleanup/message.h"
#include "service/service.h"
#include "util/file/file.h"
#include "util/log/log.h"

/* -- start-up ------------------------------------------------------------------------------------------------------ */

static unsigned
classes(const char *list, const char *parameter)
{
	static const struct {
		const char *name;
		unsigned bit;
	} names[] = {
		{ "envelope_sender", CLASS_ENVELOPE_SENDER }, { "envelope_recipient", CLASS_ENVELOPE_RECIPIENT },
		{ "header_sender", CLASS_HEADER_SENDER }, { "header_recipient", CLASS_HEADER_RECIPIENT },
	};
	struct view rest = view_string(list), word;
	unsigned bits = 0;

	while (view_word(&rest, ", \t\r\n", &word)) {
		size_t i = 0;

		while (i < ARRAY_COUNT(names) && !view_is(word, names[i].name))
			i++;
		if (i == ARRAY_COUNT(names))
			log_fatal("%s: unknown address class: %.*s", parameter, VIEW_ARG(word));
		bits |= names[i].bit;
	}
	return bits;
}

/* An escape of C: a letter, or up to three octal digits; the byte, or -1. */
static int
escaped(struct cursor *in)
{
	static const char letters[] = "abfnrtv\\", bytes[] = "\a\b\f\n\r\t\v\\";
	int number = 0, digits = 0;
	char c;

	while (digits < 3 && cursor_peek(in) >= '0' && cursor_peek(in) <= '7' && cursor_any(in, &c)) {
		number = number * 8 + (c - '0');
		digits++;
	}
	if (digits > 0)
		return number <= 255 ? number : -1;
	if (!cursor_any(in, &c) || c == '\0' || strchr(letters, c) == NULL)
		return -1;
	return (unsigned char)bytes[strchr(letters, c) - letters];
}

static struct cleanup_bytes
bytes(const char *text, const char *parameter)
{
	struct cleanup_bytes set = { .any = *text != '\0' };
	struct cursor in = cursor_of(view_string(text));
	char c;

	while (cursor_any(&in, &c)) {
		int byte = c == '\\' ? escaped(&in) : (unsigned char)c;

		if (byte < 0)
			log_fatal("%s: bad escape sequence: %s", parameter, text);
		set.member[byte] = true;
	}
	return set;
}

static bool
list_has(const char *list, const char *name)
{
	struct view rest = view_string(list), word;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_is_nocase(word, name))
			return true;
	return false;
}

static struct maps *
open_maps(struct service_context *ctx, const char *title, const char *list)
{
	struct maps *maps = maps_open(service_tables(ctx), title, list, TABLE_FOLD_FIXED);
	struct table *table;

	for (size_t i = 0; (table = maps_at(maps, i)) != NULL; i++)
		service_watch(ctx, table);
	return maps;
}

static void
open_tables(struct service_context *ctx, struct cleanup *cleanup, const struct cleanup_config *config)
{
	struct buf why = BUF_INIT;
	const char *mydestination = config_string(service_settings(ctx), "mydestination", &why);

	if (mydestination == NULL)
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
	cleanup->canonical = open_maps(ctx, "canonical_maps", config->canonical_maps);
	cleanup->sender_canonical = open_maps(ctx, "sender_canonical_maps", config->sender_canonical_maps);
	cleanup->recipient_canonical = open_maps(ctx, "recipient_canonical_maps", config->recipient_canonical_maps);
	cleanup->virtual_alias = open_maps(ctx, "virtual_alias_maps", config->virtual_alias_maps);
	cleanup->sender_bcc = open_maps(ctx, "sender_bcc_maps", config->sender_bcc_maps);
	cleanup->recipient_bcc = open_maps(ctx, "recipient_bcc_maps", config->recipient_bcc_maps);
	cleanup->checks[CHECK_HEADER] = open_maps(ctx, "header_checks", config->header_checks);
	cleanup->checks[CHECK_MIME_HEADER] = open_maps(ctx, "mime_header_checks", config->mime_header_checks);
	cleanup->checks[CHECK_NESTED_HEADER] = open_maps(ctx, "nested_header_checks", config->nested_header_checks);
	cleanup->checks[CHECK_BODY] = open_maps(ctx, "body_checks", config->body_checks);
	cleanup->mydestination = match_list_open(service_tables(ctx), "mydestination", mydestination, 0);
}

/* user@[our address] is as local as user@mydestination. */
static void
find_own_addresses(struct service_context *ctx, struct cleanup *cleanup)
{
	struct buf why = BUF_INIT;

	if (maps_empty(cleanup->canonical) && maps_empty(cleanup->sender_canonical) && maps_empty(cleanup->recipient_canonical) &&
	    maps_empty(cleanup->virtual_alias))
		return;
	if (!own_addresses(service_settings(ctx), &cleanup->own, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

static unsigned
mime_flags(const struct cleanup_config *config)
{
	if (config->ignore_structure)
		return 0;
	return config->to_7bit ? MIME_STRUCTURE | MIME_TO_7BIT : MIME_STRUCTURE;
}

static void
prepare(struct service_context *ctx)
{
	const struct cleanup_config *config = service_config(ctx);
	struct cleanup *cleanup = mem_new(sizeof(*cleanup));

	cleanup->config = config;
	cleanup->layout = (struct queue_layout){
		.hashed_names = config->hash_queue_names, .hash_depth = config->hash_queue_depth,
		.long_ids = config->long_queue_ids,
	};
	cleanup->canonical_classes = classes(config->canonical_classes, "canonical_classes");
	cleanup->sender_canonical_classes = classes(config->sender_canonical_classes, "sender_canonical_classes");
	cleanup->recipient_canonical_classes = classes(config->recipient_canonical_classes, "recipient_canonical_classes");
	cleanup->masquerade_classes = *config->masquerade_domains == '\0' ? 0
	    : classes(config->masquerade_classes, "masquerade_classes");
	cleanup->propagate_canonical = list_has(config->propagate_extensions, "canonical");
	cleanup->propagate_virtual = list_has(config->propagate_extensions, "virtual");
	cleanup->stripped = bytes(config->strip_characters, "message_strip_characters");
	cleanup->rejected = bytes(config->reject_characters, "message_reject_characters");
	cleanup->mime = (struct mime_policy){
		.header_max = (size_t)config->header_size_max, .boundary_max = (size_t)config->boundary_max,
		.nesting_max = (size_t)config->nesting_max, .flags = mime_flags(config),
	};
	open_tables(ctx, cleanup, config);
	find_own_addresses(ctx, cleanup);
	if (announcer_is_pipe("public/qmgr"))
		service_promise_path(ctx, "file-write", "public");
	service_set_state(ctx, cleanup);
}

/* Nothing half written stays behind; what is complete is not touched. */
static void
terminated(int signal)
{
	queue_writer_remove_open();
	_exit(signal == SIGTERM ? 0 : 1);
}

static void
start(struct service_context *ctx)
{
	struct cleanup *cleanup = service_state(ctx);
	struct sigaction action = { .sa_handler = terminated };

	sigfillset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	cleanup->flow_fd = service_flow_read(ctx);
	cleanup->announcer = announcer_new("public/qmgr");
}

/* -- one message --------------------------------------------------------------------------------------------------- */

/* qmgr puts a token into the pipe for each message it takes; without one we slow down a little. */
static void
take_flow_token(const struct cleanup *cleanup)
{
	char token;

	if (cleanup->flow_fd == -1 || cleanup->config->in_flow_delay_sec <= 0)
		return;
	if (read(cleanup->flow_fd, &token, 1) == 1)
		return;
	if (!fd_wait(cleanup->flow_fd, POLLIN, clock_deadline((msec_t)cleanup->config->in_flow_delay_sec * 1000)))
		return;
	if (read(cleanup->flow_fd, &token, 1) != 1)
		log_debug(1, "flow control: no token");
}

static void
give_up(struct message *m, struct channel *channel, bool *stopped)
{
	if (*stopped || m->status == 0 || bounce_gathers(m))
		return;
	*stopped = true;
	channel_put_stop(channel);
}

/*
 * Reads the run to its end, whatever happens to the message: the client waits for nothing before that. Who gave up
 * meanwhile sends the message again (PD13).
 */
static bool
read_run(struct message *m, struct channel *channel, bool *aborted)
{
	msec_t timeout = (msec_t)m->cleanup->config->ipc_timeout_sec * 1000;
	bool stopped = false;
	struct frame frame;

	for (;;) {
		give_up(m, channel, &stopped);
		if (channel_read(channel, &frame, clock_deadline(timeout)) != CHANNEL_OK)
			return false;
		if (frame.type == CLEANUP_FRAME_END || frame.type == CLEANUP_FRAME_ABORT)
			break;
		if (frame.type != CLEANUP_FRAME_RECORDS)
			return false;
		message_take_records(m, frame.payload);
	}
	*aborted = frame.type == CLEANUP_FRAME_ABORT || channel_gone(channel);
	return true;
}

static void
report(struct message *m, struct channel *channel, unsigned status)
{
	struct cleanup_status_message message = { .status = status, .reason = buf_view(&m->reason) };

	cleanup_status_put(channel_out(channel), &message);
}

static bool
send_id(struct message *m, struct channel *channel)
{
	struct cleanup_id_message message = { .id = buf_view(&m->id) };
	msec_t timeout = (msec_t)m->cleanup->config->ipc_timeout_sec * 1000;

	cleanup_id_put(channel_out(channel), &message);
	return channel_flush(channel, clock_deadline(timeout)) == CHANNEL_OK;
}

static enum service_answer
receive(struct message *m, struct channel *channel)
{
	bool aborted = false;

	message_open(m);
	if (!send_id(m, channel) || !read_run(m, channel, &aborted))
		return SERVICE_HANG_UP;
	if (aborted) {
		if (m->id.len > 0)
			log_info("%s: removed (canceled)", buf_c(&m->id));
		report(m, channel, CLEANUP_OK);
	} else
		report(m, channel, message_commit(m));
	return SERVICE_DONE;
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	struct cleanup *cleanup = service_state(ctx);
	struct cleanup_open_message open;
	struct buf why = BUF_INIT;
	struct message message;
	enum service_answer answer;

	if (request->type != CLEANUP_FRAME_OPEN || !cleanup_open_get(request, &open, &why)) {
		log_warn("malformed request: %s", why.len > 0 ? buf_c(&why) : "unexpected frame");
		buf_fini(&why);
		return SERVICE_HANG_UP;
	}
	take_flow_token(cleanup);
	message_begin(&message, cleanup, (unsigned)open.flags);
	answer = receive(&message, channel);
	message_end(&message);
	return answer;
}

static const struct service cleanup_service = {
	.name = "cleanup",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_UNLIMITED,
	.protocol = &cleanup_protocol,
	.bindings = cleanup_bindings,
	.config_size = sizeof(struct cleanup_config),
	.promises = "stdio queue-create unix-connect",
	.prepare = prepare,
	.start = start,
	.serve = serve,
};

int
main(int argc, char **argv)
{
	return service_main(&cleanup_service, argc, argv);
}
