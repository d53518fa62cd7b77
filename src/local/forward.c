/* forward: hands a message to cleanup again, for the addresses it goes on to. */
#include "global/address/address.h"
#include "global/message/date.h"
#include "local/deliver.h"

struct forward {
	struct local_delivery *delivery;
	struct view sender;
	bool owned;		/* a list's own message: the sender's wishes about notices end here, as does his address */
};

static bool
belongs(const struct forward *forward, const struct target *target)
{
	return target->kind == TARGET_FORWARD && target->step->owned == forward->owned &&
	    view_equal(target->step->sender, forward->sender);
}

static void
put_attribute(struct cleanup_client *cleanup, const char *name, struct view value)
{
	if (!view_empty(value))
		cleanup_printf(cleanup, RECORD_ATTRIBUTE, "%s=%.*s", name, VIEW_ARG(value));
}

static void
put_recipient(const struct forward *forward, const struct target *target)
{
	struct cleanup_client *cleanup = forward->delivery->agent->cleanup;
	const struct queue_recipient *recipient = forward->delivery->recipient;
	int notify = recipient->dsn_notify & ~DSN_NOTIFY_SUCCESS;

	if (!forward->owned) {
		put_attribute(cleanup, "dsn_orig_rcpt", recipient->dsn_orcpt);
		if (recipient->dsn_notify != 0)
			cleanup_printf(cleanup, RECORD_ATTRIBUTE, "notify_flags=%d", notify != 0 ? notify : DSN_NOTIFY_NEVER);
		cleanup_put(cleanup, RECORD_ORIGINAL,
		    view_empty(recipient->original) ? recipient->address : recipient->original);
	}
	cleanup_put(cleanup, RECORD_RECIPIENT, target->text);
}

/* Where the mail came from goes along, for the log and for what asks for it later. */
static void
put_origin(struct cleanup_client *cleanup, const struct delivery_request *request)
{
	put_attribute(cleanup, "log_client_name", request->client_name);
	put_attribute(cleanup, "log_client_address", request->client_address);
	put_attribute(cleanup, "log_client_port", request->client_port);
	put_attribute(cleanup, "log_helo_name", request->client_helo);
	put_attribute(cleanup, "log_protocol_name", request->client_protocol);
	put_attribute(cleanup, "log_message_origin", request->message_origin);
	put_attribute(cleanup, "sasl_method", request->sasl_method);
	put_attribute(cleanup, "sasl_username", request->sasl_username);
	put_attribute(cleanup, "sasl_sender", request->sasl_sender);
	put_attribute(cleanup, "encoding", request->encoding);
}

/* Who may carry the message does not change with its addresses (RFC 8689, 4.2). */
static void
put_options(struct cleanup_client *cleanup, unsigned options)
{
	struct buf kept = BUF_INIT;

	if (options & QUEUE_OPTION_REQUIRETLS) {
		queue_options_put(&kept, QUEUE_OPTION_REQUIRETLS);
		cleanup_put(cleanup, RECORD_SIZE, buf_view(&kept));
	}
	buf_fini(&kept);
}

static void
put_envelope(const struct forward *forward)
{
	const struct delivery_request *request = forward->delivery->request;
	struct cleanup_client *cleanup = forward->delivery->agent->cleanup;
	struct timeval now = clock_wall();

	cleanup_printf(cleanup, RECORD_TIME, "%lld %lld", (long long)now.tv_sec, (long long)now.tv_usec);
	put_options(cleanup, request->options);
	cleanup_printf(cleanup, RECORD_ATTRIBUTE, "rewrite_context=local");
	put_origin(cleanup, request);
	if (!forward->owned) {
		put_attribute(cleanup, "envelope_id", request->envid);
		if (request->ret != 0)
			cleanup_printf(cleanup, RECORD_ATTRIBUTE, "ret_flags=%d", request->ret);
	}
	cleanup_put(cleanup, RECORD_SENDER, forward->sender);
	LIST_FOREACH(target, &forward->delivery->targets, struct target, link)
		if (belongs(forward, target))
			put_recipient(forward, target);
}

static void
put_trace(struct local_delivery *delivery)
{
	struct cleanup_client *cleanup = delivery->agent->cleanup;
	struct buf line = BUF_INIT;

	buf_printf(&line, "Received: by %s (%s)", delivery->agent->config->myhostname, delivery->agent->config->mail_name);
	cleanup_put(cleanup, RECORD_LINE, buf_view(&line));
	buf_reset(&line);
	buf_printf(&line, "\tid %.*s; ", VIEW_ARG(delivery->request->queue_id));
	date_put(&line, clock_wall().tv_sec);
	cleanup_put(cleanup, RECORD_LINE, buf_view(&line));
	if (delivery->agent->prepend_delivered & LOCAL_FORWARD) {
		buf_set(&line, VIEW("Delivered-To: "));
		address_quote(&line, delivery->recipient->address);
		cleanup_put(cleanup, RECORD_LINE, buf_view(&line));
	}
	buf_fini(&line);
}

/* The content as it is, behind our trace. All of it when this answers QUEUE_READ_RECORD. */
static enum queue_read
put_content(struct local_delivery *delivery)
{
	struct cleanup_client *cleanup = delivery->agent->cleanup;
	struct queue_reader *reader = queue_reader_new(delivery->request->fd);
	enum queue_read result;
	struct record record = { .type = 0 };

	cleanup_put(cleanup, RECORD_CONTENT, VIEW_EMPTY);
	put_trace(delivery);
	queue_reader_seek(reader, delivery->request->data_offset);
	while ((result = queue_reader_next(reader, &record, NULL, NULL)) == QUEUE_READ_RECORD &&
	    record.type != RECORD_EXTRACTED)
		if (record.type == RECORD_LINE || record.type == RECORD_LONG)
			cleanup_put(cleanup, record.type, record.data);
	queue_reader_free(reader);
	return result;
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
	if (status == CLEANUP_OK) {
		dsn_set(dsn, "2.0.0", "forwarded as %s", buf_c(&id));
		buf_set(&dsn->action, VIEW("relayed"));
	} else
		dsn_set(dsn, cleanup_reply(status)->dsn, "cannot forward: %s", why.len > 0 ? buf_c(&why) : cleanup_reply(status)->text);
	buf_fini(&why);
	buf_fini(&id);
}

/* It was inspected and copied when it came: only its addresses are new. */
static unsigned
cleanup_flags(const struct local_delivery *delivery)
{
	const struct local_config *config = delivery->agent->config;
	bool utf8 = (delivery->request->options & QUEUE_OPTION_SMTPUTF8_REQUESTED) != 0;

	return CLEANUP_INTERNAL | (utf8 ? CLEANUP_SMTPUTF8 : 0) |
	    cleanup_utf8_flags(config->utf8, config->utf8_classes, "forward");
}

static void
send_on(const struct forward *forward, struct dsn *dsn)
{
	struct cleanup_client *cleanup = forward->delivery->agent->cleanup;
	struct buf why = BUF_INIT;
	enum queue_read content;

	if (!cleanup_open(cleanup, cleanup_flags(forward->delivery), &why)) {
		dsn_set(dsn, "4.3.0", "cannot forward: %s", buf_c(&why));
		buf_fini(&why);
		return;
	}
	put_envelope(forward);
	content = put_content(forward->delivery);
	if (content == QUEUE_READ_RECORD) {
		finish(cleanup, dsn);
	} else {
		cleanup_abort(cleanup);
		if (content != QUEUE_READ_ERROR)
			queue_mark_corrupt(forward->delivery->request->fd);
		dsn_set(dsn, "4.3.0", "cannot forward: the message is damaged or cannot be read");
	}
	buf_fini(&why);
}

void
local_forward(struct local_delivery *delivery, struct view sender, bool owned, struct dsn *dsn)
{
	const struct forward forward = { delivery, sender, owned };

	identity_restore();
	send_on(&forward, dsn);
}
