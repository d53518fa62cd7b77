#include "smtpd/limits.h"

#include "global/client/anvil.h"
#include "util/log/log.h"

/* "192.0.2.1"; "2001:db8::/84" when a whole network counts as one client */
static void
put_client(const struct session *session, struct buf *out)
{
	const struct smtpd_config *config = session->config;
	const struct netaddr *addr = &session->peer.addr;
	unsigned prefix = (unsigned)(addr->family == AF_INET ? config->ipv4_prefix_length : config->ipv6_prefix_length);
	struct netblock block;

	if (prefix >= netaddr_bits(addr)) {
		netaddr_put(out, addr);
		return;
	}
	netblock_of(addr, prefix, &block);
	netaddr_put(out, &block.addr);
	buf_printf(out, "/%u", prefix);
}

static bool
tell(struct session *session, enum anvil_event event, struct anvil_counts *counts)
{
	struct buf client = BUF_INIT;
	struct anvil_report report = { .event = (int)event, .service = view_string(session->server->service_name) };
	bool told;

	put_client(session, &client);
	report.client = buf_view(&client);
	told = anvil_tell(session->server->anvil, &report, counts);
	buf_fini(&client);
	return told;
}

static bool
within(const struct session *session, int value, int limit, const char *what)
{
	if (limit <= 0 || value <= limit)
		return true;
	log_warn("%s limit exceeded: %d from %s for service %s", what, value, buf_c(&session->peer.namaddr),
	    session->server->service_name);
	return false;
}

static bool
is_exempt(const struct session *session)
{
	const struct peer *peer = &session->peer;

	/* Who may speak for others brings their connections, not its own. */
	return session->standalone || session->may_xclient || (peer->addr.family != AF_INET && peer->addr.family != AF_INET6)
	    || match_list_host(session->server->limit_exceptions, buf_view(&peer->name), &peer->addr) == LOOKUP_FOUND;
}

bool
limits_connect(struct session *session)
{
	const struct smtpd_config *config = session->config;
	struct anvil_counts counts;

	session->limited = session->server->anvil != NULL && !is_exempt(session);
	if (!session->limited)
		return true;
	session->counted = tell(session, ANVIL_CONNECT, &counts);
	return within(session, counts.connections, config->connection_count_limit, "Connection concurrency")
	    && within(session, counts.rate, config->connection_rate_limit, "Connection rate");
}

static bool
event(struct session *session, enum anvil_event event, int limit, const char *what)
{
	struct anvil_counts counts;

	if (!session->limited || limit <= 0)
		return true;
	tell(session, event, &counts);
	return within(session, counts.rate, limit, what);
}

bool
limits_message(struct session *session)
{
	return event(session, ANVIL_MESSAGE, session->config->message_rate_limit, "Message delivery request rate");
}

bool
limits_recipient(struct session *session)
{
	return event(session, ANVIL_RECIPIENT, session->config->recipient_rate_limit, "Recipient address rate");
}

void
limits_disconnect(struct session *session)
{
	struct anvil_counts counts;

	if (session->counted)
		tell(session, ANVIL_DISCONNECT, &counts);
	session->counted = false;
}
