/* defer: recipients that are put off by the queue manager itself, because nobody else can. */
#include "global/maillog/maillog.h"
#include "qmgr/qmgr.h"

struct deferral {
	struct qmgr *qmgr;
	struct entry *entry;
	size_t pending;
};

static void
log_deferred(const struct mail *mail, const struct queue_recipient *recipient, const struct dsn *reason)
{
	struct timeval now = clock_wall();
	struct maillog_delivery line = {
		.queue_id = view_string(mail->id), .recipient = recipient->address, .original = recipient->original,
		.relay = "none", .arrival = mail->envelope.arrival, .queued = mail->queued, .agent_handoff = now,
		.done = now, .dsn = reason->status, .status = "deferred", .text = buf_view(&reason->text),
	};

	maillog_delivery(&line);
}

/* Recorded or not: the recipient stays, and is tried again. */
static void
recorded(bool ok, void *arg)
{
	struct deferral *deferral = arg;
	struct qmgr *qmgr = deferral->qmgr;
	struct entry *entry = deferral->entry;

	if (--deferral->pending > 0)
		return;
	mem_free(deferral);
	entry_done(entry);
	qmgr_wake(qmgr);
}

static void
record(struct deferral *deferral, const char *path, const struct queue_recipient *recipient, const struct dsn *reason)
{
	struct mail *mail = mail_of(deferral->entry->message);
	struct bounce_entry entry = {
		.queue_id = view_string(mail->id), .recipient = recipient->address, .original = recipient->original,
		.dsn_orcpt = recipient->dsn_orcpt, .dsn_notify = recipient->dsn_notify, .offset = recipient->offset,
		.status = view_string(reason->status), .action = VIEW("delayed"), .text = buf_view(&reason->text),
	};

	bounce_append_start(deferral->qmgr->loop, path, &entry,
	    (msec_t)deferral->qmgr->config->ipc_timeout_sec * 1000, recorded, deferral);
}

void
defer_entry(struct qmgr *qmgr, struct entry *entry, const struct dsn *reason)
{
	struct deferral *deferral = mem_new(sizeof(*deferral));
	struct mail *mail = mail_of(entry->message);
	struct buf path = BUF_INIT;

	*deferral = (struct deferral){ qmgr, entry, entry->count };
	mail->deferred = true;
	buf_printf(&path, "private/%s", qmgr->config->defer_service);
	for (size_t i = 0; i < entry->count; i++) {
		log_deferred(mail, &entry->recipients[i], reason);
		record(deferral, buf_c(&path), &entry->recipients[i], reason);
		fast_flush_deferred_start(&qmgr->fast_flush, qmgr->loop, entry->recipients[i].address, view_string(mail->id));
	}
	buf_fini(&path);
}
