/* bounce: mail from a submitter who has left already, and that no queue can take, goes back to its sender. */
#include "cleanup/message.h"
#include "global/client/bounce.h"
#include "global/dsn/dsn.h"
#include "global/maillog/maillog.h"
#include "util/log/log.h"

#define BOUNCE_SERVICE	"private/bounce"

enum { BOUNCEABLE = CLEANUP_SIZE | CLEANUP_HOPS | CLEANUP_CONTENT };

void
bounce_keep(struct message *m, const struct message_recipient *recipient)
{
	struct message_recipient *list;

	if (!(m->flags & CLEANUP_BOUNCE))
		return;
	if (m->kept_count == m->kept_room) {
		m->kept_room = m->kept_room == 0 ? 8 : 2 * m->kept_room;
		list = arena_alloc_array(&m->arena, m->kept_room, sizeof(*list));
		if (m->kept_count > 0)
			memcpy(list, m->kept, m->kept_count * sizeof(*list));
		m->kept = list;
	}
	m->kept[m->kept_count++] = (struct message_recipient){
		.address = arena_view(&m->arena, recipient->address), .original = arena_view(&m->arena, recipient->original),
		.dsn_orcpt = arena_view(&m->arena, recipient->dsn_orcpt), .dsn_notify = recipient->dsn_notify,
	};
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

	for (size_t i = 0; i < m->kept_count; i++) {
		const struct message_recipient *r = &m->kept[i];
		struct bounce_entry entry = {
			.queue_id = buf_view(&m->id), .recipient = r->address, .original = r->original,
			.dsn_orcpt = r->dsn_orcpt, .dsn_notify = r->dsn_notify, .status = view_string(status),
			.action = VIEW("failed"), .text = text,
		};

		if (!bounce_append(BOUNCE_SERVICE, &entry, timeout))
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
	return bounce_flush(BOUNCE_SERVICE, &notice, (msec_t)m->cleanup->config->ipc_timeout_sec * 1000);
}

unsigned
bounce_message(struct message *m)
{
	char status[DSN_STATUS_SIZE] = "5.0.0";
	struct view text;

	if (m->writer == NULL || (m->status & ~(unsigned)BOUNCEABLE) || m->kept_count == 0)
		return m->status;
	if (m->cleanup->config->soft_bounce)
		return m->status | CLEANUP_DEFER;
	why_refused(m, status, &text);
	if (record(m, status, text) && notify(m))
		return CLEANUP_OK;
	log_warn("%s: message could not be returned to its sender; it stays with the submitter", buf_c(&m->id));
	return m->status | CLEANUP_DEFER;
}
