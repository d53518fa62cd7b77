/* client: restrictions on the host at the other end. */
#include "global/config/compatibility.h"
#include "smtpd/access/lookup.h"

/* Only this host would be there by the default of today. */
static enum outcome
in_mynetworks(struct access_run *run)
{
	if (run->config->old_mynetworks && !access_is_interface(run->access, run->facts->peer))
		compatibility_log("mynetworks_style=subnet to permit request from client \"%s\"",
		    buf_c(&run->facts->peer->namaddr));
	return ACCESS_PERMIT;
}

enum outcome
check_mynetworks(struct access_run *run, const struct rule *rule)
{
	struct access *access = run->access;

	switch (match_list_host(access->mynetworks, VIEW_EMPTY, &run->facts->peer->addr)) {
	case LOOKUP_FOUND:	return in_mynetworks(run);
	case LOOKUP_NONE:	return ACCESS_NEXT;
	case LOOKUP_RETRY:	break;
	}
	return refuse_lookup(run, buf_view(&run->facts->peer->address));
}

enum outcome
check_inet_interfaces(struct access_run *run, const struct rule *rule)
{
	return access_is_interface(run->access, run->facts->peer) ? ACCESS_PERMIT : ACCESS_NEXT;
}

/* A name that could not be asked for is no proof of anything. */
enum outcome
check_unknown_client(struct access_run *run, const struct rule *rule)
{
	const struct peer *peer = run->facts->peer;

	if (peer->name_status == PEER_NAME_GOOD)
		return ACCESS_NEXT;
	return refuse(run, peer->name_status == PEER_NAME_TEMPORARY ? 450 : run->config->client_code, "4.7.25",
	    "Client host rejected: cannot find your hostname, [%s]", buf_c(&peer->address));
}

enum outcome
check_unknown_reverse_client(struct access_run *run, const struct rule *rule)
{
	const struct peer *peer = run->facts->peer;

	if (peer->reverse_status == PEER_NAME_GOOD)
		return ACCESS_NEXT;
	return refuse(run, peer->reverse_status == PEER_NAME_PERMANENT ? run->config->client_code : 450, "4.7.1",
	    "Client host rejected: cannot find your reverse hostname, [%s]", buf_c(&peer->address));
}

/* The name exists, but is nowhere: it need not lead back to the client. */
enum outcome
check_unknown_forward_client(struct access_run *run, const struct rule *rule)
{
	const struct peer *peer = run->facts->peer;

	if (peer->name_status == PEER_NAME_GOOD || peer->name_status == PEER_NAME_FORGED)
		return ACCESS_NEXT;
	return refuse(run, peer->name_status == PEER_NAME_PERMANENT ? run->config->client_code : 450, "4.7.25",
	    "Client host rejected: cannot find your hostname, [%s]", buf_c(&peer->address));
}

static enum outcome
client_access(struct access_run *run, const struct rule *rule, struct view name, enum subject subject)
{
	const struct peer *peer = run->facts->peer;
	struct buf value = BUF_INIT;
	enum outcome outcome = ACCESS_NEXT;
	enum lookup found = lookup_domain(run->access, rule->maps, name, &value);

	if (found == LOOKUP_NONE)
		found = lookup_network(rule->maps, buf_view(&peer->address), &value);
	if (found == LOOKUP_FOUND)
		outcome = access_result(run, buf_view(&value), subject, table_name(maps_at(rule->maps, 0)));
	else if (found == LOOKUP_RETRY)
		outcome = refuse_configuration_for(run, subject);
	buf_fini(&value);
	return outcome;
}

enum outcome
check_client_access(struct access_run *run, const struct rule *rule)
{
	return client_access(run, rule, buf_view(&run->facts->peer->name), SUBJECT_CLIENT);
}

enum outcome
check_reverse_client_access(struct access_run *run, const struct rule *rule)
{
	return client_access(run, rule, buf_view(&run->facts->peer->reverse_name), SUBJECT_REVERSE_CLIENT);
}
