/*
 * deliver: delivery agents. A connection to one is kept for the next request of its transport, and given back when it
 * rests for two seconds. The scheduler says who is served; which agent serves is chosen here: the one that is still
 * connected to this destination, else the one that worked last (its memory is still in the processor's cache, and those
 * behind it may end), else the one whose connection is the oldest, else a new one.
 */
#include <errno.h>

#include "global/address/verp.h"
#include "global/delivery/delivery.h"
#include "qmgr/qmgr.h"
#include "util/ipc/async.h"
#include "util/log/log.h"

enum { IDLE_MS = 2000 };

enum agent_state { AGENT_OVER, AGENT_CONNECTING, AGENT_IDLE, AGENT_BUSY, AGENT_REPORTED };

struct agent {
	struct list link;		/* in qmgr.agents */
	struct list idle_link;		/* in its transport's idle agents, in the order in which they are chosen */
	struct qmgr *qmgr;
	struct transport *transport;
	struct async *async;
	enum agent_state state;
	struct entry *entry;
	struct buf session;		/* destination to which it is still connected; "": to none */
	struct loop_timer rest;
};

/* -- a request ----------------------------------------------------------------------------------------------------- */

/* Attributes of an earlier hop hold only together: where one of them is present, none is taken from this hop (QM19). */
static void
put_client(struct delivery_request *request, const struct queue_envelope *e)
{
	bool earlier = e->log_client_name.len > 0 || e->log_client_address.len > 0 || e->log_client_port.len > 0 ||
	    e->log_helo_name.len > 0 || e->log_protocol_name.len > 0;

	request->client_name = earlier ? e->log_client_name : e->client_name;
	request->client_address = earlier ? e->log_client_address : e->client_address;
	request->client_port = earlier ? e->log_client_port : e->client_port;
	request->client_helo = earlier ? e->log_helo_name : e->client_helo;
	request->client_protocol = earlier ? e->log_protocol_name : e->client_protocol;
}

static unsigned
flags_of(const struct mail *mail, const struct destination *destination)
{
	unsigned flags = (unsigned)mail->envelope.trace_flags;

	if (destination->connection_load)
		flags |= DELIVERY_CONN_LOAD;
	if (destination->connection_store)
		flags |= DELIVERY_CONN_STORE;
	if (mail->envelope.size.recipients == 1)
		flags |= DELIVERY_SOLE;
	if (destination->todo == 0 && list_empty(&destination->transport->ready))
		flags |= DELIVERY_UNHURRIED;
	return flags;
}

/* BN7: the return path names the recipient as the sender wrote it. */
static void
put_sender(const struct mail *mail, const struct entry *entry, struct buf *out)
{
	const struct queue_envelope *e = &mail->envelope;
	const struct queue_recipient *recipient = &entry->recipients[0];

	if (mail->message.single_recipient)
		verp_put(out, e->sender, view_empty(recipient->original) ? recipient->address : recipient->original, e->verp);
	else
		buf_putv(out, e->sender);
}

/* sender: empty at first; the request borrows it. */
static struct delivery_request
request_for(const struct mail *mail, const struct entry *entry, struct buf *sender)
{
	const struct queue_envelope *e = &mail->envelope;
	struct delivery_request request = {
		.queue_name = VIEW(QUEUE_ACTIVE), .queue_id = view_string(mail->id),
		.nexthop = view_string(entry->destination->nexthop), .encoding = e->encoding,
		.envid = e->envid, .log_ident = e->log_ident, .rewrite_context = e->rewrite_context,
		.message_origin = e->log_message_origin, .sasl_method = e->sasl_method,
		.sasl_username = e->sasl_username, .sasl_sender = e->sasl_sender, .verp = e->verp,
		.flags = flags_of(mail, entry->destination), .ret = e->ret, .options = (unsigned)e->size.options,
		.data_offset = e->size.data_offset, .data_size = e->size.logical_size,
		.times = { .arrival = e->arrival, .queued = mail->queued },
		.recipients = entry->recipients, .recipient_count = entry->count,
	};

	put_sender(mail, entry, sender);
	request.sender = buf_view(sender);
	put_client(&request, e);
	return request;
}

/* -- the end of a request ------------------------------------------------------------------------------------------ */

static void
suspend(struct entry *entry, const struct dsn *dsn)
{
	struct dsn reason;

	dsn_init(&reason);
	dsn_set(&reason, dsn->status, "delivery temporarily suspended: %s", buf_c(&dsn->text));
	destination_failure(entry->destination, &reason);
	dsn_fini(&reason);
}

static void
apply_report(struct entry *entry, const struct delivery_report *report)
{
	struct mail *mail = mail_of(entry->message);

	mail->marked = mail->marked || report->result == DELIVERY_DONE || entry->count > 1;
	if (report->result == DELIVERY_GONE)
		mail->gone = true;
	else if (report->result == DELIVERY_DEFERRED)
		mail->deferred = true;
	if (report->result == DELIVERY_DEFERRED && report->dsn.status[0] != '\0')
		suspend(entry, &report->dsn);
	else
		destination_success(entry->destination);
	entry_done(entry);
}

/* The agent died, or spoke nonsense: that holds for this request and its destination, never for the transport (QM1). */
static void
request_lost(struct agent *agent)
{
	struct entry *entry = agent->entry;
	struct dsn dsn;

	agent->entry = NULL;
	log_warn("transport %s failure -- see a previous warning/fatal/panic logfile record for the problem description",
	    agent->transport->name);
	dsn_init(&dsn);
	dsn_set(&dsn, "4.3.0", "unknown mail transport error");
	destination_failure(entry->destination, &dsn);
	defer_entry(agent->qmgr, entry, &dsn);
	dsn_fini(&dsn);
}

/* -- an agent's life ----------------------------------------------------------------------------------------------- */

static struct list *
idle_agents(struct transport *transport)
{
	if (transport->agents == NULL) {
		transport->agents = mem_new(sizeof(struct list));
		list_init(transport->agents);
	}
	return transport->agents;
}

/* The one place that keeps the transport's counts. */
static void
agent_enter(struct agent *agent, enum agent_state state)
{
	struct transport *transport = agent->transport;

	transport->pending += (state == AGENT_CONNECTING) - (agent->state == AGENT_CONNECTING);
	transport->idle += (state == AGENT_IDLE) - (agent->state == AGENT_IDLE);
	agent->state = state;
	list_remove(&agent->idle_link);
	if (state == AGENT_IDLE && agent->session.len == 0)
		list_prepend(idle_agents(transport), &agent->idle_link);
	else if (state == AGENT_IDLE)
		list_append(idle_agents(transport), &agent->idle_link);
}

static void
agent_free(struct agent *agent)
{
	agent_enter(agent, AGENT_OVER);
	loop_timer_stop(&agent->rest);
	if (agent->async != NULL)
		async_close(agent->async);
	list_remove(&agent->link);
	buf_fini(&agent->session);
	qmgr_wake(agent->qmgr);
	mem_free(agent);
}

static void
rested(void *arg)
{
	agent_free(arg);
}

static void
agent_rest(struct agent *agent)
{
	agent_enter(agent, AGENT_IDLE);
	loop_timer_start(agent->qmgr->loop, &agent->rest, IDLE_MS, rested, agent);
	qmgr_wake(agent->qmgr);
}

static void
agent_send(struct agent *agent, struct entry *entry, const struct delivery_request *request)
{
	struct buf frames = BUF_INIT;

	loop_timer_stop(&agent->rest);
	agent_enter(agent, AGENT_BUSY);
	agent->entry = entry;
	delivery_request_put(&frames, request);
	async_send(agent->async, buf_view(&frames));
	buf_fini(&frames);
}

static void
defer_too_large(struct agent *agent, struct entry *entry)
{
	struct dsn dsn;

	dsn_init(&dsn);
	dsn_set(&dsn, "4.3.0", "delivery request is too large");
	defer_entry(agent->qmgr, entry, &dsn);
	dsn_fini(&dsn);
}

/* The idle agent that is still connected to this destination, else the one we have. */
static struct agent *
best_agent(struct transport *transport, struct agent *agent, const struct destination *destination)
{
	LIST_FOREACH(other, idle_agents(transport), struct agent, idle_link)
		if (view_is(buf_view(&other->session), destination->name))
			return other;
	return agent;
}

/* False when nothing could be sent to this agent. */
static bool
serve(struct transport *transport, struct agent *agent)
{
	struct entry *entry = job_select_entry(transport);
	struct delivery_request request;
	struct buf sender = BUF_INIT;

	if (entry == NULL)
		return false;
	agent = best_agent(transport, agent, entry->destination);
	destination_hint_connection(entry->destination);
	request = request_for(mail_of(entry->message), entry, &sender);
	if (delivery_request_fits(&request))
		agent_send(agent, entry, &request);
	else
		defer_too_large(agent, entry);
	buf_fini(&sender);
	return true;
}

static void
agent_ready(struct agent *agent)
{
	bool is_new = agent->state == AGENT_CONNECTING;

	agent_rest(agent);
	if (!is_new)
		return;
	if (agent->transport->dead)
		transport_revive(agent->transport);
	serve(agent->transport, agent);
}

static void
agent_report(struct agent *agent, const struct frame *frame)
{
	struct delivery_report report = { .result = DELIVERY_DEFERRED };
	struct entry *entry = agent->entry;
	struct buf why = BUF_INIT;

	dsn_init(&report.dsn);
	if (agent->state == AGENT_BUSY && delivery_report_get(frame, &report, &why)) {
		agent_enter(agent, AGENT_REPORTED);
		agent->entry = NULL;
		buf_set(&agent->session, report.session_kept ? view_string(entry->destination->name) : VIEW_EMPTY);
		apply_report(entry, &report);
	} else {
		if (entry != NULL)
			request_lost(agent);
		agent_free(agent);
	}
	dsn_fini(&report.dsn);
	buf_fini(&why);
}

static void
transport_unavailable(struct transport *transport, const char *why)
{
	struct dsn dsn;

	log_warn("connect to transport private/%s: %s", transport->name, why);
	dsn_init(&dsn);
	dsn_set(&dsn, "4.3.0", "mail transport unavailable");
	transport_kill(transport, &dsn);
	dsn_fini(&dsn);
}

/* The end of a connection: normal while idle; without a greeting the transport is out of order. */
static void
agent_closed(struct agent *agent, const char *why)
{
	struct transport *transport = agent->transport;
	enum agent_state state = agent->state;

	if (state == AGENT_BUSY)
		request_lost(agent);
	agent_free(agent);
	if (state == AGENT_CONNECTING)
		transport_unavailable(transport, why);
}

static void
agent_event(struct async *async, enum async_event what, const struct frame *frame, const char *why, void *arg)
{
	struct agent *agent = arg;
	struct qmgr *qmgr = agent->qmgr;

	switch (what) {
	case ASYNC_READY:
		agent_ready(agent);
		break;
	case ASYNC_FRAME:
		agent_report(agent, frame);
		break;
	case ASYNC_RETIRED:
		agent_free(agent);
		break;
	case ASYNC_CLOSED:
		agent_closed(agent, why);
		break;
	}
	qmgr_wake(qmgr);
}

static void
agent_connect(struct qmgr *qmgr, struct transport *transport)
{
	struct agent *agent = mem_new(sizeof(*agent));
	struct buf path = BUF_INIT, why = BUF_INIT;
	int error;

	agent->qmgr = qmgr;
	agent->transport = transport;
	agent_enter(agent, AGENT_CONNECTING);
	list_append(&qmgr->agents, &agent->link);
	buf_printf(&path, "private/%s", transport->name);
	agent->async = async_connect(qmgr->loop, buf_c(&path), &delivery_protocol,
	    (msec_t)qmgr->config->daemon_timeout_sec * 1000, agent_event, agent, &why);
	if (agent->async == NULL) {
		error = errno;		/* without the path, which the warning names by itself */
		agent_free(agent);
		transport_unavailable(transport, strerror(error));
	}
	buf_fini(&why);
	buf_fini(&path);
}

/* -- interface ----------------------------------------------------------------------------------------------------- */

void
deliver_all(struct qmgr *qmgr)
{
	struct transport *transport;
	struct agent *idle;

	while (!qmgr->stopping && (transport = transport_select(&qmgr->schedule)) != NULL) {
		if (!transport_rate_permit(transport))
			continue;
		idle = LIST_FIRST(idle_agents(transport), struct agent, idle_link);
		if (idle == NULL)
			agent_connect(qmgr, transport);
		else if (!serve(transport, idle))
			break;
	}
}

bool
deliver_busy(const struct qmgr *qmgr)
{
	LIST_FOREACH(agent, &qmgr->agents, struct agent, link)
		if (agent->state == AGENT_BUSY)
			return true;
	return false;
}

void
deliver_stop(struct qmgr *qmgr)
{
	LIST_FOREACH_SAFE(agent, after, &qmgr->agents, struct agent, link)
		if (agent->state != AGENT_BUSY)
			agent_free(agent);
}
