/* forward: hands a message to cleanup again, for the addresses it goes on to. */
#include "global/address/address.h"
#include "global/message/date.h"
#include "local/deliver.h"

static void
put_envelope(struct local_delivery *delivery)
{
	struct cleanup_client *cleanup = delivery->agent->cleanup;
	const struct delivery_request *request = delivery->request;
	struct timeval now = clock_wall();

	cleanup_printf(cleanup, RECORD_TIME, "%lld %lld", (long long)now.tv_sec, (long long)now.tv_usec);
	cleanup_printf(cleanup, RECORD_ATTRIBUTE, "rewrite_context=local");
	cleanup_put(cleanup, RECORD_SENDER, delivery->sender);
	if (!view_empty(request->encoding))
		cleanup_printf(cleanup, RECORD_ATTRIBUTE, "encoding=%.*s", VIEW_ARG(request->encoding));
	LIST_FOREACH(target, &delivery->forwards, struct target, link) {
		if (!view_empty(delivery->recipient->original))
			cleanup_put(cleanup, RECORD_ORIGINAL, delivery->recipient->original);
		cleanup_put(cleanup, RECORD_RECIPIENT, target->address);
	}
}

static void
put_trace(struct local_delivery *delivery)
{
	struct cleanup_client *cleanup = delivery->agent->cleanup;
	struct buf line = BUF_INIT;

	buf_printf(&line, "Received: by %s (local forwarding)", delivery->agent->rewrite.myorigin);
	cleanup_put(cleanup, RECORD_LINE, buf_view(&line));
	buf_reset(&line);
	buf_printf(&line, "\tid %.*s; ", VIEW_ARG(delivery->request->queue_id));
	date_put(&line, clock_wall().tv_sec);
	cleanup_put(cleanup, RECORD_LINE, buf_view(&line));
	buf_set(&line, VIEW("Delivered-To: "));
	address_quote(&line, delivery->delivered_to);
	cleanup_put(cleanup, RECORD_LINE, buf_view(&line));
	buf_fini(&line);
}

/* The content as it is, behind our trace. False when the queue file is damaged. */
static bool
put_content(struct local_delivery *delivery)
{
	struct cleanup_client *cleanup = delivery->agent->cleanup;
	struct queue_reader *reader = queue_reader_new(delivery->request->fd);
	struct record record;
	bool complete = false;

	cleanup_put(cleanup, RECORD_CONTENT, VIEW_EMPTY);
	put_trace(delivery);
	queue_reader_seek(reader, delivery->request->data_offset);
	while (!complete && queue_reader_next(reader, &record, NULL, NULL) == QUEUE_READ_RECORD) {
		complete = record.type == RECORD_EXTRACTED;
		if (!complete && (record.type == RECORD_LINE || record.type == RECORD_LONG))
			cleanup_put(cleanup, record.type, record.data);
	}
	queue_reader_free(reader);
	return complete;
}

static void
finish(struct cleanup_client *cleanup, struct dsn *dsn)
{
	struct buf id = BUF_INIT, why = BUF_INIT;
	unsigned status;

	cleanup_put(cleanup, RECORD_EXTRACTED, VIEW_EMPTY);
	cleanup_put(cleanup, RECORD_END, VIEW_EMPTY);
	buf_putv(&id, cleanup_id(cleanup));
	status = cleanup_finish(cleanup, &why);
	if (status == CLEANUP_OK)
		dsn_set(dsn, "2.0.0", "forwarded as %s", buf_c(&id));
	else
		dsn_set(dsn, cleanup_reply(status)->dsn, "cannot forward: %s", why.len > 0 ? buf_c(&why) : cleanup_reply(status)->text);
	buf_fini(&why);
	buf_fini(&id);
}

void
local_forward(struct local_delivery *delivery, struct dsn *dsn)
{
	struct cleanup_client *cleanup = delivery->agent->cleanup;
	struct buf why = BUF_INIT;

	if (!cleanup_open(cleanup, CLEANUP_EXTERNAL, &why)) {
		dsn_set(dsn, "4.3.0", "cannot forward: %s", buf_c(&why));
		buf_fini(&why);
		return;
	}
	put_envelope(delivery);
	if (put_content(delivery)) {
		finish(cleanup, dsn);
	} else {
		cleanup_abort(cleanup);
		queue_mark_corrupt(delivery->request->fd);
		dsn_set(dsn, "4.3.0", "cannot forward: the message is damaged");
	}
	buf_fini(&why);
}
