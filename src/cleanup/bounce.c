/* bounce: mail from a submitter who has left already, and that no queue can take, goes back to its sender. */
#include "cleanup/message.h"
#include "global/client/bounce.h"
#include "global/dsn/dsn.h"
#include "global/maillog/maillog.h"
#include "util/log/log.h"

enum { BOUNCEABLE = CLEANUP_SIZE | CLEANUP_HOPS | CLEANUP_CONTENT };

void
bounce_keep(struct message *m, const struct message_recipient *recipient)
{
	if (m->flags & CLEANUP_BOUNCE)
		recipient_remember(m, &m->kept, recipient);
}

bool
bounce_gathers(const struct message *m)
{
	return (m->flags & CLEANUP_BOUNCE) && m->status != 0 && !(m->status & ~(unsigned)BOUNCEABLE)
	    && m->stage != STAGE_DONE;
}

static void
gather_attribute(struct message *m, struct view data)
{
	struct view name, value;
	unsigned long long notify;

	if (!record_attribute(data, &name, &value))
		return;
	if (view_is(name, "notify_flags") && view_number(value, &notify) && notify <= 15)
		m->pending.dsn_notify = (int)notify;
	else if (view_is(name, "dsn_orig_rcpt"))
		m->pending.dsn_orcpt = arena_view(&m->arena, value);
}

static void
gather_recipient(struct message *m, struct view address)
{
	struct message_recipient recipient = m->pending;
	struct buf mapped = BUF_INIT;

	if (recipient.original.len == 0)
		recipient.original = address;
	address_map(m, REWRITE_LOCAL, CLASS_ENVELOPE_RECIPIENT, address, &mapped);
	recipient.address = buf_view(&mapped);
	bounce_keep(m, &recipient);
	m->pending = (struct message_recipient){ 0 };
	buf_fini(&mapped);
}

/* `sendmail -t` puts its recipients behind the content, where the reading of a message that failed would not come. */
void
bounce_gather(struct message *m, const struct record *record)
{
	bool content = m->stage == STAGE_HEADER || m->stage == STAGE_BODY;

	if (content && record->type == RECORD_EXTRACTED)
		m->stage = STAGE_EXTRACTED;
	else if (!content && record->type == RECORD_ATTRIBUTE)
		gather_attribute(m, record->data);
	else if (!content && record->type == RECORD_ORIGINAL)
		m->pending.original = arena_view(&m->arena, record->data);
	else if (!content && record->type == RECORD_RECIPIENT)
		gather_recipient(m, record->data);
	else if (!content && record->type == RECORD_END)
		m->stage = STAGE_DONE;
}

static const char *
bounce_path(struct message *m)
{
	struct view path = arena_printf(&m->arena, "private/%s", m->cleanup->config->bounce_service);

	return path.data;
}

static void
log_bounced(struct message *m, const struct message_recipient *recipient, const char *status, struct view text)
{
	struct maillog_delivery line = {
		.queue_id = buf_view(&m->id), .recipient = recipient->address, .original = recipient->original,
		.relay = "none", .arrival = m->arrival, .done = clock_wall(), .tls = "", .dsn = status, .status = "bounced",
		.text = text,
	};

	maillog_delivery(&line);
}

/* "5.6.8 very bad", or the standard words for this failure. */
static void
why_refused(struct message *m, char status[DSN_STATUS_SIZE], struct view *text)
{
	const struct cleanup_reply_row *row = cleanup_reply(m->status);

	if (m->reason.len > 0 && dsn_split(buf_view(&m->reason), status, text) && text->len > 0)
		return;
	*text = m->reason.len > 0 ? buf_view(&m->reason) : view_string(row->text);
	dsn_split(view_string(row->dsn), status, &(struct view){ 0 });
}

static bool
record(struct message *m, const char *status, struct view text)
{
	msec_t timeout = (msec_t)m->cleanup->config->ipc_timeout_sec * 1000;

	for (size_t i = 0; i < m->kept.count; i++) {
		const struct message_recipient *r = &m->kept.items[i];
		struct bounce_entry entry = {
			.queue_id = buf_view(&m->id), .recipient = r->address, .original = r->original,
			.dsn_orcpt = r->dsn_orcpt, .dsn_notify = r->dsn_notify, .status = view_string(status),
			.action = VIEW("failed"), .text = text,
		};

		if (!bounce_append(bounce_path(m), &entry, timeout))
			return false;
		log_bounced(m, r, status, text);
	}
	return true;
}

/* The notice quotes the file as far as it came. */
static bool
notify(struct message *m)
{
	struct bounce_notice notice = {
		.queue_name = VIEW(QUEUE_INCOMING), .queue_id = buf_view(&m->id), .encoding = m->encoding, .sender = m->sender,
		.envid = m->envid, .ret = m->ret, .options = (unsigned)m->options,
	};

	queue_writer_read_fd(m->writer);
	return bounce_flush(bounce_path(m), &notice, (msec_t)m->cleanup->config->ipc_timeout_sec * 1000);
}

unsigned
bounce_message(struct message *m)
{
	char status[DSN_STATUS_SIZE] = "5.0.0";
	struct view text;

	if (m->writer == NULL || (m->status & ~(unsigned)BOUNCEABLE) || m->kept.count == 0)
		return m->status;
	if (m->cleanup->config->soft_bounce)
		return m->status | CLEANUP_DEFER;
	why_refused(m, status, &text);
	if (record(m, status, text) && notify(m))
		return CLEANUP_OK;
	log_warn("%s: message could not be returned to its sender; it stays with the submitter", buf_c(&m->id));
	return m->status | CLEANUP_DEFER;
}
