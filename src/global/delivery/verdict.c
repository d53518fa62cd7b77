/*
 * verdict: what became of one recipient. The order is fixed by what a crash may leave behind: a failure is in a synced
 * log before its recipient is marked done; a delivery is logged, then marked. In between, a crash repeats.
 */
#include "global/client/bounce.h"
#include "global/client/verify.h"
#include "global/delivery/delivery.h"
#include "global/delivery/status_filter.h"
#include "global/maillog/maillog.h"
#include "util/log/log.h"

static void
log_line(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn, const char *status)
{
	const struct delivery_times *times = &request->times;
	bool finished = times->done.tv_sec != 0;
	struct maillog_delivery line = {
		.queue_id = request->queue_id, .recipient = recipient->address, .original = recipient->original,
		.relay = relay, .connection_use = request->connection_use,
		.arrival = times->arrival, .queued = times->queued, .agent_handoff = times->agent_handoff,
		.connected = times->connected, .done = finished ? times->done : clock_wall(),
		.tls = request->tls, .dsn = dsn->status, .status = status, .text = buf_view(&dsn->text),
	};

	maillog_delivery(&line);
}

static struct bounce_entry
entry_of(const struct delivery_request *request, const struct queue_recipient *recipient, const struct dsn *dsn,
    const char *action)
{
	return (struct bounce_entry){
		.queue_id = request->queue_id, .recipient = recipient->address, .original = recipient->original,
		.dsn_orcpt = recipient->dsn_orcpt, .dsn_notify = recipient->dsn_notify, .offset = recipient->offset,
		.status = view_string(dsn->status), .text = buf_view(&dsn->text),
		.action = dsn->action.len > 0 ? buf_view(&dsn->action) : view_string(action),
		.diag_type = buf_view(&dsn->diag_type), .diag_text = buf_view(&dsn->diag_text),
		.mta_type = buf_view(&dsn->mta_type), .mta_name = buf_view(&dsn->mta_name),
	};
}

static bool
append(const struct delivery_request *request, const struct queue_recipient *recipient, const struct dsn *dsn,
    const char *service, const char *action)
{
	struct bounce_entry entry = entry_of(request, recipient, dsn, action);
	struct buf path = BUF_INIT;
	bool ok;

	buf_printf(&path, "private/%s", service);
	ok = bounce_append(buf_c(&path), &entry, (msec_t)request->settings->ipc_timeout_sec * 1000);
	buf_fini(&path);
	return ok;
}

/* Who reads the trace log did not see ours: it says by whom each was delivered, if anybody was there to do it. */
static bool
trace(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn, const char *action)
{
	struct dsn told;
	bool ok;

	dsn_init(&told);
	dsn_copy(&told, dsn);
	if (strcmp(relay, "none") != 0) {
		buf_reset(&told.text);
		buf_printf(&told.text, "delivery via %s: %s", relay, buf_c(&dsn->text));
	}
	ok = append(request, recipient, &told, request->settings->trace_service, action);
	dsn_fini(&told);
	return ok;
}

static bool
mark_done(const struct delivery_request *request, const struct queue_recipient *recipient)
{
	struct buf why = BUF_INIT;
	bool ok;

	if (recipient->offset <= 0)
		return true;
	if (!(ok = queue_mark_done(request->fd, recipient->offset, &why)))
		log_warn("%.*s: cannot mark a recipient as done: %s", VIEW_ARG(request->queue_id), buf_c(&why));
	buf_fini(&why);
	return ok;
}

/* -- probes --------------------------------------------------------------------------------------------------------------- */

/* QM17: what is wrong with the message says nothing about the address. */
static bool
is_about_message(const char *status)
{
	return strncmp(status + 1, ".6.", 3) == 0 || strcmp(status + 1, ".3.4") == 0;
}

static enum verify_status
probe_status(const struct dsn *dsn)
{
	if (dsn->status[0] == '2')
		return VERIFY_DELIVERABLE;
	return dsn->status[0] == '5' && !is_about_message(dsn->status) ? VERIFY_UNDELIVERABLE : VERIFY_DEFERRED;
}

/* Stored under the address that was asked about, whatever aliases made of it (QM16). */
static bool
tell_verify(const struct delivery_request *request, const struct queue_recipient *recipient, const struct dsn *dsn)
{
	struct view asked = view_empty(recipient->original) ? recipient->address : recipient->original;

	return verify_update(request->settings->verifier, asked, probe_status(dsn), buf_view(&dsn->text));
}

/* Address probes leave no logs of deliveries; users' -bv is answered by a report from the trace log. */
static bool
traced(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn, const char *action)
{
	bool told;

	if (request->flags & TRACE_USER_VERIFY)
		told = trace(request, recipient, relay, dsn, action);
	else
		told = tell_verify(request, recipient, dsn);
	if (!told)
		return false;
	log_line(request, recipient, relay, dsn, action);
	return mark_done(request, recipient);
}

/* -- logs ------------------------------------------------------------------------------------------------------------- */

static bool
defer_as(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn, const char *status)
{
	const struct delivery_settings *settings = request->settings;
	bool ok = append(request, recipient, dsn, settings->defer_service, "delayed");

	if (ok && (request->flags & TRACE_RECORD))
		ok = trace(request, recipient, relay, dsn, "delayed");
	log_line(request, recipient, relay, dsn, status);
	fast_flush_deferred(&settings->fast_flush, recipient->address, request->queue_id);
	return ok;
}

static bool
defer(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn)
{
	return defer_as(request, recipient, relay, dsn, "deferred");
}

/* A verdict with another first digit than it has, for the log of a kind that wants it. */
static void
with_class(const struct dsn *dsn, char class, struct dsn *out)
{
	dsn_init(out);
	dsn_set(out, dsn->status, "%s", buf_c(&dsn->text));
	out->status[0] = class;
	buf_putv(&out->diag_type, buf_view(&dsn->diag_type));
	buf_putv(&out->diag_text, buf_view(&dsn->diag_text));
	buf_putv(&out->mta_type, buf_view(&dsn->mta_type));
	buf_putv(&out->mta_name, buf_view(&dsn->mta_name));
}

/* Who heard of a delay is told when it is over, unless it was no wish of his to hear of delays. */
static bool
wants_success(const struct delivery_request *request, const struct queue_recipient *recipient)
{
	bool heard = recipient->dsn_notify == 0 || (recipient->dsn_notify & DSN_NOTIFY_DELAY);

	return (request->flags & TRACE_RECORD) || ((request->flags & TRACE_DELAY_SENT) && heard)
	    || (recipient->dsn_notify & DSN_NOTIFY_SUCCESS);
}

/* A failure that cannot be recorded, or is not to be final, is put off with the same reason. */
static bool
put_off(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn, const char *status)
{
	struct dsn deferred;

	with_class(dsn, '4', &deferred);
	defer_as(request, recipient, relay, &deferred, status);
	dsn_fini(&deferred);
	return false;
}

/* -- the three verdicts ------------------------------------------------------------------------------------------------ */

static bool
sent(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn)
{
	if (request->flags & DELIVERY_TRACE)
		return traced(request, recipient, relay, dsn, "deliverable");
	if (wants_success(request, recipient) && !trace(request, recipient, relay, dsn, "delivered"))
		return put_off(request, recipient, relay, dsn, "deferred");
	log_line(request, recipient, relay, dsn, "sent");
	return mark_done(request, recipient);
}

/* BN6: the owner of a list hears of its members at once; the log belongs to the sender of the queue file. */
static bool
tell_own_sender(const struct delivery_request *request, const struct queue_recipient *recipient, const struct dsn *dsn)
{
	struct bounce_entry entry = entry_of(request, recipient, dsn, "failed");
	struct bounce_notice notice = {
		.queue_name = request->queue_name, .queue_id = request->queue_id, .encoding = request->encoding,
		.sender = request->sender, .envid = request->envid, .ret = request->ret, .options = request->options,
	};
	struct buf path = BUF_INIT;
	bool ok;

	buf_printf(&path, "private/%s", request->settings->bounce_service);
	ok = bounce_one(buf_c(&path), &notice, &entry, (msec_t)request->settings->ipc_timeout_sec * 1000);
	buf_fini(&path);
	return ok;
}

static bool
tell_failure(const struct delivery_request *request, const struct queue_recipient *recipient, const struct dsn *dsn)
{
	if (request->own_sender)
		return tell_own_sender(request, recipient, dsn);
	return append(request, recipient, dsn, request->settings->bounce_service, "failed");
}

static bool
bounced(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn)
{
	const struct delivery_settings *settings = request->settings;

	if (request->flags & DELIVERY_TRACE)
		return traced(request, recipient, relay, dsn, "undeliverable");
	if (settings->soft_bounce)
		return put_off(request, recipient, relay, dsn, "SOFTBOUNCE");
	if (!tell_failure(request, recipient, dsn))
		return put_off(request, recipient, relay, dsn, "deferred");
	if (request->flags & TRACE_RECORD)
		trace(request, recipient, relay, dsn, "failed");
	log_line(request, recipient, relay, dsn, "bounced");
	return mark_done(request, recipient);
}

static bool
deferred(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn)
{
	if (request->flags & DELIVERY_TRACE)
		return traced(request, recipient, relay, dsn, "undeliverable");
	defer(request, recipient, relay, dsn);
	return false;
}

/* A filter may turn one failure into the other; delivered is delivered. */
bool
delivery_conclude(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn)
{
	struct dsn changed;
	bool done;

	dsn_init(&changed);
	if (delivery_filter_apply(request->settings->filter, dsn, &changed))
		dsn = &changed;
	if (dsn->status[0] == '2')
		done = sent(request, recipient, relay, dsn);
	else if (dsn->status[0] == '5')
		done = bounced(request, recipient, relay, dsn);
	else
		done = deferred(request, recipient, relay, dsn);
	dsn_fini(&changed);
	return done;
}

bool
delivery_trace(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
    const struct dsn *dsn)
{
	return !wants_success(request, recipient) || trace(request, recipient, relay, dsn, "expanded");
}
