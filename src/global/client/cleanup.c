#include "global/client/cleanup.h"

#include <stdarg.h>

#include "global/message/date.h"
#include "util/log/log.h"

enum { BLOCK_MAX = 32768 };	/* records gather up to this size; a single one may not be larger */

struct cleanup_client {
	char *path;
	msec_t timeout_ms;
	struct channel *channel;	/* kept between messages; NULL: none */
	struct buf block, text;
	struct buf id;			/* of the message under way */
	bool have_id, lost;		/* lost: the connection is useless, and so is this message */
	bool stopped;			/* cleanup said STOP: nothing more is sent but the end */
	bool unfit;			/* a record that no queue file can hold was put */
};

unsigned
cleanup_notice_flags(const char *filter_classes, const char *class)
{
	struct view rest = view_string(filter_classes), word;
	unsigned flags = CLEANUP_INTERNAL | CLEANUP_ANY_SIZE;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_is_nocase(word, class))
			flags |= CLEANUP_FILTER | CLEANUP_MILTER;
	return flags;
}

struct cleanup_client *
cleanup_client_new(const char *path, msec_t timeout_ms)
{
	struct cleanup_client *client = mem_new(sizeof(*client));

	client->path = mem_string(path);
	client->timeout_ms = timeout_ms;
	return client;
}

bool
cleanup_client_holds(const struct cleanup_client *client)
{
	return client->channel != NULL;
}

void
cleanup_client_release(struct cleanup_client *client)
{
	channel_free(client->channel);
	client->channel = NULL;
}

void
cleanup_client_free(struct cleanup_client *client)
{
	if (client == NULL)
		return;
	cleanup_client_release(client);
	buf_fini(&client->block);
	buf_fini(&client->text);
	buf_fini(&client->id);
	mem_free(client->path);
	mem_free(client);
}

/* The client logs this itself: the status tells its caller only that the message was not taken. */
static void
lose(struct cleanup_client *client, const char *reason)
{
	if (!client->lost)
		log_warn("%s: cleanup service failure: %s", client->path, reason);
	client->lost = true;
}

static void
flush(struct cleanup_client *client)
{
	if (!client->lost && channel_flush(client->channel, clock_deadline(client->timeout_ms)) != CHANNEL_OK)
		lose(client, channel_why(client->channel));
}

/* The records gathered so far become a frame, which leaves with the next flush. */
static void
put_block(struct cleanup_client *client)
{
	if (client->block.len > 0 && !client->stopped && !client->lost)
		frame_put_raw(channel_out(client->channel), CLEANUP_FRAME_RECORDS, FRAME_MORE, buf_view(&client->block));
	buf_reset(&client->block);
}

static void
flush_block(struct cleanup_client *client)
{
	put_block(client);
	flush(client);
	if (!client->lost)
		client->stopped = channel_stopped(client->channel);
}

bool
cleanup_open(struct cleanup_client *client, unsigned flags, struct buf *why)
{
	struct cleanup_open_message message = { .flags = flags };

	buf_reset(&client->block);
	buf_reset(&client->id);
	client->have_id = client->lost = client->stopped = client->unfit = false;
	if (client->channel != NULL && !channel_ready(client->channel))
		cleanup_client_release(client);
	if (client->channel == NULL)
		client->channel = channel_connect(client->path, &cleanup_protocol, clock_deadline(client->timeout_ms), why);
	if (client->channel == NULL)
		return false;
	cleanup_open_put(channel_out(client->channel), &message);	/* leaves with the first records */
	return true;
}

void
cleanup_put(struct cleanup_client *client, int type, struct view data)
{
	if (client->stopped || client->lost)
		return;
	while (data.len > BLOCK_MAX && type == RECORD_LINE) {
		cleanup_put(client, RECORD_LONG, view_slice(data, 0, BLOCK_MAX));
		data = view_slice(data, BLOCK_MAX, data.len);
	}
	if (data.len > BLOCK_MAX) {
		client->unfit = true;
		return;
	}
	if (client->block.len + record_encoded_size(data.len) > BLOCK_MAX + RECORD_HEADER_MAX)
		flush_block(client);
	record_put(&client->block, type, data);
}

void
cleanup_printf(struct cleanup_client *client, int type, const char *format, ...)
{
	va_list ap;

	buf_reset(&client->text);
	va_start(ap, format);
	buf_vprintf(&client->text, format, ap);
	va_end(ap);
	cleanup_put(client, type, buf_view(&client->text));
}

void
cleanup_put_origin(struct cleanup_client *client, const char *hostname, const char *mail_name, struct view id)
{
	struct buf date = BUF_INIT;

	date_put(&date, clock_wall().tv_sec);
	cleanup_printf(client, RECORD_LINE, "Received: by %s (%s)", hostname, mail_name);
	cleanup_printf(client, RECORD_LINE, "\tid %.*s; %s", VIEW_ARG(id), buf_c(&date));
	cleanup_printf(client, RECORD_LINE, "Date: %s", buf_c(&date));
	buf_fini(&date);
}

static bool
next_frame(struct cleanup_client *client, struct frame *frame)
{
	if (client->lost)
		return false;
	if (channel_read(client->channel, frame, clock_deadline(client->timeout_ms)) == CHANNEL_OK)
		return true;
	lose(client, channel_why(client->channel));
	return false;
}

static void
take_id(struct cleanup_client *client, const struct frame *frame)
{
	struct cleanup_id_message message;
	struct buf why = BUF_INIT;

	if (cleanup_id_get(frame, &message, &why)) {
		buf_set(&client->id, message.id);
		client->have_id = true;
	} else
		lose(client, buf_c(&why));
	buf_fini(&why);
}

void
cleanup_push(struct cleanup_client *client)
{
	put_block(client);
	flush(client);
}

struct view
cleanup_id(struct cleanup_client *client)
{
	struct frame frame;

	if (client->have_id || client->lost)
		return buf_view(&client->id);
	cleanup_push(client);
	if (next_frame(client, &frame)) {
		if (frame.type == CLEANUP_FRAME_ID)
			take_id(client, &frame);
		else
			lose(client, "unexpected frame instead of a queue id");
	}
	return buf_view(&client->id);
}

bool
cleanup_failed(const struct cleanup_client *client)
{
	return client->lost || client->stopped || client->unfit;
}

static unsigned
take_status(struct cleanup_client *client, const struct frame *frame, struct buf *reason)
{
	struct cleanup_status_message message;
	struct buf why = BUF_INIT;
	unsigned status = CLEANUP_WRITE;

	if (frame->type == CLEANUP_FRAME_STATUS && cleanup_status_get(frame, &message, &why)) {
		status = (unsigned)message.status;
		if (reason != NULL)
			buf_set(reason, message.reason);
	} else
		lose(client, why.len > 0 ? buf_c(&why) : "unexpected frame instead of a status");
	buf_fini(&why);
	return status;
}

/* Ends the run, and waits for the status; the connection is kept when cleanup holds out READY again. */
static unsigned
finish(struct cleanup_client *client, unsigned end_type, struct buf *reason)
{
	struct frame frame;
	unsigned status = CLEANUP_WRITE;

	if (!client->lost)
		frame_put_raw(channel_out(client->channel), end_type, 0, VIEW_EMPTY);
	flush(client);
	cleanup_id(client);
	if (next_frame(client, &frame))
		status = take_status(client, &frame, reason);
	if (client->lost || !channel_finish(client->channel, clock_deadline(client->timeout_ms)))
		cleanup_client_release(client);
	client->lost = true;		/* until the next cleanup_open() */
	return status;
}

unsigned
cleanup_finish(struct cleanup_client *client, struct buf *reason)
{
	if (reason != NULL)
		buf_reset(reason);
	put_block(client);
	if (!client->unfit)
		return finish(client, CLEANUP_FRAME_END, reason);
	finish(client, CLEANUP_FRAME_ABORT, NULL);
	why_set(reason, "record too long");
	return CLEANUP_BAD;
}

void
cleanup_abort(struct cleanup_client *client)
{
	if (client->lost || client->channel == NULL)
		return;
	buf_reset(&client->block);
	finish(client, CLEANUP_FRAME_ABORT, NULL);
}
