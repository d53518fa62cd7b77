#include "smtp/deliver.h"
#include "smtp/tls_demand.h"

#include <strings.h>

#include "global/delivery/handover.h"
#include "smtp/dialogue.h"
#include "smtp/handover.h"
#include "util/log/log.h"

/* -- the kept session ------------------------------------------------------------------------------------------------- */

/*
 * What must be equal for a session to serve another message: the service, the next hop, and where we speak from. (A
 * session with TLS or a login is not kept.)
 */
static void
session_key(const struct agent *agent, struct view nexthop, struct buf *out)
{
	buf_reset(out);
	buf_printf(out, "%s\n%.*s\n%s\n%s", agent->client.service_name, VIEW_ARG(nexthop), agent->client.config->bind_address,
	    agent->client.config->bind_address6);
	buf_lower(out);
}

static msec_t
rest_left(const struct agent *agent)
{
	return agent->kept->idle_since + (msec_t)agent->client.config->cache_time_limit_sec * 1000 - clock_now();
}

/* May it still be used, as far as one can see from here? */
static bool
is_fresh(const struct agent *agent)
{
	return !agent->kept->broken && rest_left(agent) > 0 && !stream_readable(agent->kept->stream);
}

void
smtp_drop_kept(struct agent *agent)
{
	if (agent->kept == NULL)
		return;
	if (agent->scache != NULL && agent->kept_for_others && is_fresh(agent))
		session_hand_over(agent->kept, agent->scache, buf_view(&agent->kept_key), rest_left(agent));
	else
		session_close(agent->kept);
	agent->kept = NULL;
}

void
smtp_expire_kept(struct agent *agent)
{
	if (agent->kept != NULL && !is_fresh(agent))
		smtp_drop_kept(agent);
}

/* The kept session, if it may serve this next hop and is still good. We have no use for another one. */
static struct session *
own_session(struct agent *agent, struct view key)
{
	struct session *session = agent->kept;

	if (session == NULL)
		return NULL;
	if (!view_equal(key, buf_view(&agent->kept_key)) || !session_alive(session)) {
		smtp_drop_kept(agent);
		return NULL;
	}
	agent->kept = NULL;
	return session;
}

/* Lists name destinations without brackets and ports. */
static bool
listed_nexthop(const struct agent *agent, struct view nexthop)
{
	struct match_list *list = agent->client.cache_destinations;
	struct arena arena = ARENA_INIT;
	struct destination to;
	struct netaddr addr;
	bool found = false;

	if (destination_parse(nexthop, &agent->client, &arena, &to, NULL))
		found = netaddr_parse(view_string(to.name), &addr)
		    ? match_list_host(list, VIEW_EMPTY, &addr) == LOOKUP_FOUND
		    : match_list_domain(list, view_string(to.name)) == LOOKUP_FOUND;
	arena_fini(&arena);
	return found;
}

/* What another agent had no use for. */
static struct session *
found_session(struct agent *agent, struct view nexthop, struct view key)
{
	struct session *session = NULL;

	if (agent->scache != NULL && listed_nexthop(agent, nexthop))
		session = session_take_over(&agent->client, agent->scache, key);
	if (session != NULL && !session_alive(session)) {
		session_close(session);
		return NULL;
	}
	return session;
}

static struct session *
take_kept(struct agent *agent, struct view nexthop)
{
	struct buf key = BUF_INIT;
	struct session *session;

	session_key(agent, nexthop, &key);
	session = own_session(agent, buf_view(&key));
	if (session == NULL)
		session = found_session(agent, nexthop, buf_view(&key));
	buf_fini(&key);
	return session;
}

/* What was opened in somebody's name serves nobody else. */
static bool
is_personal(const struct agent *agent, const struct session *session)
{
	return session->logged_in || (agent->client.config->sasl_auth_enable && agent->client.config->sasl_by_sender);
}

static bool
worn_out(const struct agent *agent, const struct session *session)
{
	const struct smtp_config *config = agent->client.config;

	return (config->reuse_count_limit > 0 && session->uses > config->reuse_count_limit) ||
	    clock_now() - session->opened >= (msec_t)config->reuse_time_limit_sec * 1000;
}

/* Does the configuration ask to keep sessions to this destination? */
static bool
listed(const struct agent *agent, const struct delivery_request *request, const struct session *session)
{
	struct view peer = buf_view(&session->peer), name, address;
	struct netaddr addr;

	if (agent->client.cache_destinations == NULL || !view_rsplit(view_slice(peer, 0, peer.len - 1), '[', &name, &address))
		return false;
	return listed_nexthop(agent, request->nexthop) ||
	    match_list_host(agent->client.cache_destinations, name, netaddr_parse(address, &addr) ? &addr : NULL) == LOOKUP_FOUND;
}

static bool
wanted(const struct agent *agent, const struct delivery_request *request, const struct session *session)
{
	return (agent->client.config->cache_on_demand && (request->flags & DELIVERY_CONN_STORE) != 0)
	    || listed(agent, request, session);
}

static void
end_session(struct agent *agent, struct delivery *delivery, struct view nexthop)
{
	struct session *session = delivery->session;

	delivery->session = NULL;
	dialogue_end(session);
	if (session->broken || is_personal(agent, session) || worn_out(agent, session) || !wanted(agent, delivery->request, session)) {
		session_close(session);
		return;
	}
	smtp_drop_kept(agent);
	session_key(agent, nexthop, &agent->kept_key);
	agent->kept_for_others = listed(agent, delivery->request, session);
	agent->kept = session;
}

/* -- hosts ---------------------------------------------------------------------------------------------------------------- */

static void
attempt(struct agent *agent, struct delivery *delivery, struct view nexthop)
{
	delivery->request->times.connected = clock_wall();
	transaction_run(delivery);
	end_session(agent, delivery, nexthop);
}

/* A host that says 5xx to us has spoken for the destination; not so while everything is soft (QM7). */
static bool
is_final_word(const struct delivery *delivery)
{
	return delivery->last.status[0] == '5' && !delivery->request->settings->soft_bounce;
}

/* More is logged of hosts and next hops that debug_peer_list names. Returns the level of before. */
static int
debug_begin(const struct agent *agent, const char *nexthop, const char *host, const struct netaddr *addr)
{
	int before = debug_peers_begin(agent->client.debug_peers, view_string(host), addr);

	if (log_verbose() == before)
		debug_peers_begin(agent->client.debug_peers, view_string(nexthop), NULL);
	return before;
}

static bool
open_and_attempt(struct agent *agent, struct delivery *delivery, struct view nexthop, const struct destination *to,
    const struct host *host, bool last)
{
	buf_reset(&delivery->relay);
	delivery->session = session_open(&agent->client, delivery->request, to, host, &delivery->relay, &delivery->last);
	if (delivery->session != NULL) {
		delivery->final_host = last;
		attempt(agent, delivery, nexthop);
		return true;
	}
	delivery->refused = is_final_word(delivery);
	return false;
}

/* True: this host counts as one that was tried. */
static bool
try_host(struct agent *agent, struct delivery *delivery, struct view nexthop, const struct destination *to,
    const struct host *host, bool last)
{
	int verbose = debug_begin(agent, to->name, host->name, to->is_unix ? NULL : &host->addr);
	bool tried = open_and_attempt(agent, delivery, nexthop, to, host, last);

	log_set_verbose(verbose);
	return tried;
}

/* Tries the hosts of one next hop until all recipients have a verdict, or enough of them talked to us. */
static void
try_hosts(struct agent *agent, struct delivery *delivery, struct view nexthop, const struct destination *to,
    const struct host_list *list, bool last_nexthop)
{
	int sessions = 0, limit = agent->client.config->mx_session_limit;

	for (size_t i = 0; i < list->count && delivery->left > 0 && !delivery->refused; i++) {
		bool last = i + 1 == list->count || (limit > 0 && sessions + 1 >= limit);

		if (try_host(agent, delivery, nexthop, to, &list->hosts[i], last && last_nexthop))
			sessions++;
		if (limit > 0 && sessions >= limit)
			return;
	}
}

/*
 * best_mx_transport: what comes back to us because nobody is a better exchanger is for an agent of this host. That one
 * logs, reports and marks each recipient itself.
 */
static void
hand_over(struct delivery *delivery, const char *transport)
{
	struct delivery_request request = *delivery->request;

	request.recipient_count = 1;
	for (size_t i = 0; i < delivery->request->recipient_count; i++) {
		enum handover result = HANDOVER_FAILED;

		request.recipients = &delivery->request->recipients[i];
		if (!delivery->settled[i])
			result = delivery_hand_over(&request, view_string(transport), &delivery->last);
		if (result == HANDOVER_FAILED)
			continue;
		delivery->settled[i] = true;
		delivery->left--;
		delivery->deferred = delivery->deferred || result == HANDOVER_DEFERRED;
	}
}

static void
try_nexthop(struct agent *agent, struct delivery *delivery, struct view nexthop, bool last, struct arena *arena)
{
	struct destination to;
	struct host_list list = { NULL };
	struct host socket_host = { .name = "localhost" };
	struct buf why = BUF_INIT;

	if (!destination_parse(nexthop, &agent->client, arena, &to, &why)) {
		dsn_set(&delivery->last, "4.3.5", "%s", buf_c(&why));
		log_warn("%s", buf_c(&why));
	} else if (to.is_unix) {
		list = (struct host_list){ .hosts = &socket_host, .count = 1 };
		try_hosts(agent, delivery, nexthop, &to, &list, last);
	} else if (destination_hosts(&to, &agent->client, arena, &list, &delivery->last)) {
		try_hosts(agent, delivery, nexthop, &to, &list, last);
	} else if (list.loops && agent->client.config->best_mx_transport[0] != '\0') {
		hand_over(delivery, agent->client.config->best_mx_transport);
	}
	buf_fini(&why);
}

/* -- the whole request ----------------------------------------------------------------------------------------------------- */

enum { NEXTHOPS_MAX = 100 };

static size_t
add_nexthops(struct view list, struct view *out, size_t count)
{
	while (count < NEXTHOPS_MAX && view_word(&list, ", \t\r\n", &out[count]))
		count++;
	return count;
}

/* The next hops of a request, one after the other: those named, then the fallback relays. */
static void
try_all(struct agent *agent, struct delivery *delivery, struct arena *arena)
{
	struct view nexthops[NEXTHOPS_MAX];
	size_t count = add_nexthops(delivery->request->nexthop, nexthops, 0);

	count = add_nexthops(view_string(agent->client.config->fallback_relay), nexthops, count);
	for (size_t i = 0; i < count && delivery->left > 0 && !delivery->refused; i++)
		try_nexthop(agent, delivery, nexthops[i], i + 1 == count, arena);
}

static void
attempt_kept(struct agent *agent, struct delivery *delivery, struct view nexthop)
{
	const struct session *session = delivery->session;
	struct buf name = BUF_INIT;
	struct netaddr addr;
	bool known = netaddr_parse(buf_view(&session->address), &addr);
	int verbose;

	buf_putv(&name, nexthop);
	verbose = debug_begin(agent, buf_c(&name), buf_c(&session->host), known ? &addr : NULL);
	attempt(agent, delivery, nexthop);
	log_set_verbose(verbose);
	buf_fini(&name);
}

/* No host took them: what the last one said is the verdict. */
static void
give_up(struct delivery *delivery)
{
	delivery->final_host = true;
	delivery->request->connection_use = 0;
	if (delivery->last.status[0] == '\0')
		dsn_set(&delivery->last, "4.3.0", "mail could not be delivered");
	delivery->site_failed = delivery->left == delivery->request->recipient_count && delivery->last.status[0] == '4';
	delivery_fail_all(delivery, delivery->relay.len > 0 ? buf_c(&delivery->relay) : "none", &delivery->last);
}

void
smtp_deliver(void *arg, struct delivery_request *request, struct delivery_report *report)
{
	struct agent *agent = arg;
	struct delivery delivery = { .client = &agent->client, .request = request };
	struct arena arena = ARENA_INIT;
	struct view first = request->nexthop;

	dsn_init(&delivery.last);
	delivery.left = request->recipient_count;
	delivery.settled = arena_alloc_array(&arena, request->recipient_count, sizeof(*delivery.settled));
	if (!agent->client.lmtp && agent->client.config->log_tls)
		request->tls = "none";
	if (tls_demanded(&agent->client, request->nexthop, &delivery.last)) {
		give_up(&delivery);
		goto out;
	}
	delivery.session = take_kept(agent, first);
	if (delivery.session != NULL)
		attempt_kept(agent, &delivery, first);
	if (delivery.left > 0)
		try_all(agent, &delivery, &arena);
	if (delivery.left > 0)
		give_up(&delivery);
out:
	report->result = delivery.deferred ? DELIVERY_DEFERRED : DELIVERY_DONE;
	report->session_kept = agent->kept != NULL;
	if (delivery.site_failed)		/* qmgr waits before it tries this destination again */
		dsn_copy(&report->dsn, &delivery.last);
	buf_fini(&delivery.relay);
	dsn_fini(&delivery.last);
	arena_fini(&arena);
}
