/*
 * hosts: restrictions on the hosts behind a name: its mail exchangers, its name servers, its addresses. Who sends from
 * many names often has one server for all of them. A table may refuse because of such a host, never permit.
 */
#include "dns/dns.h"
#include "global/address/address.h"
#include "smtpd/access/lookup.h"
#include "util/log/log.h"

/* What is asked for, about which name. */
struct question {
	struct access_run *run;
	const struct rule *rule;
	enum subject subject;
	struct maps *maps;
	struct buf value;
};

static enum outcome
judge(struct question *q, enum lookup found)
{
	struct view name = subject_name(q->run, q->subject);
	enum outcome outcome = ACCESS_NEXT;

	if (found == LOOKUP_RETRY)
		return refuse_configuration_for(q->run, q->subject);
	if (found == LOOKUP_FOUND)
		outcome = access_result(q->run, buf_view(&q->value), q->subject, table_name(maps_at(q->maps, 0)));
	if (outcome != ACCESS_PERMIT)
		return outcome;
	log_warn("%s returns OK for %.*s: the servers of a name are no reason to permit; use DUNNO", q->rule->what->name,
	    VIEW_ARG(name));
	return refuse_configuration_for(q->run, q->subject);
}

static enum outcome
address_listed(struct question *q, const struct netaddr *addr)
{
	struct buf text = BUF_INIT;
	enum lookup found;

	netaddr_put(&text, addr);
	found = lookup_network(q->maps, buf_view(&text), &q->value);
	buf_fini(&text);
	return judge(q, found);
}

static enum outcome
addresses_listed(struct question *q, const char *host, enum dns_type type)
{
	struct dns_answer answer;
	struct buf why = BUF_INIT;
	enum dns_result result = dns_lookup(host, type, q->run->arena, &answer, &why);
	enum outcome outcome = ACCESS_NEXT;

	if (dns_is_later(result))
		log_warn("%s: unable to look up the address of %s: %s", q->rule->what->name, host, buf_c(&why));
	for (size_t i = 0; result == DNS_FOUND && i < answer.count && outcome == ACCESS_NEXT; i++)
		outcome = address_listed(q, &answer.records[i].addr);
	buf_fini(&why);
	return outcome;
}

static enum outcome
by_address(struct question *q, const char *name)
{
	enum outcome outcome = addresses_listed(q, name, DNS_A);

	return outcome == ACCESS_NEXT ? addresses_listed(q, name, DNS_AAAA) : outcome;
}

static enum outcome
host_listed(struct question *q, struct view host)
{
	enum outcome outcome;

	if (view_empty(host))		/* null MX */
		return ACCESS_NEXT;
	outcome = judge(q, lookup_domain(q->run->access, q->maps, host, &q->value));
	return outcome == ACCESS_NEXT ? by_address(q, arena_string(q->run->arena, host)) : outcome;
}

static enum outcome
hosts_listed(struct question *q, const struct dns_answer *answer)
{
	enum outcome outcome = ACCESS_NEXT;

	for (size_t i = 0; i < answer->count && outcome == ACCESS_NEXT; i++)
		outcome = host_listed(q, answer->records[i].name);
	return outcome;
}

static enum outcome
by_mx(struct question *q, const char *name)
{
	struct dns_answer answer;
	struct buf why = BUF_INIT;
	enum dns_result result = dns_lookup(name, DNS_MX, q->run->arena, &answer, &why);
	enum outcome outcome = ACCESS_NEXT;

	if (result == DNS_FOUND)
		outcome = hosts_listed(q, &answer);
	else if (result == DNS_NO_DATA)
		outcome = host_listed(q, view_string(name));
	else if (result != DNS_NO_NAME)
		log_warn("%s: unable to look up MX host for %s: %s", q->rule->what->name, name, buf_c(&why));
	buf_fini(&why);
	return outcome;
}

/* Servers of the zone that the name is in: DN7: also where the name itself is said not to exist. */
static enum outcome
by_ns(struct question *q, const char *name)
{
	struct dns_answer answer;
	struct buf why = BUF_INIT;
	enum dns_result result = DNS_NO_DATA;
	enum outcome outcome = ACCESS_NEXT;
	const char *zone = name;

	while (zone != NULL && (result = dns_lookup(zone, DNS_NS, q->run->arena, &answer, &why)) != DNS_FOUND
	    && (result == DNS_NO_DATA || result == DNS_NO_NAME)) {
		zone = strchr(zone, '.');
		zone = zone != NULL && zone[1] != '\0' ? zone + 1 : NULL;
	}
	if (result == DNS_FOUND)
		outcome = hosts_listed(q, &answer);
	else if (dns_is_later(result) || result == DNS_MALFORMED)
		log_warn("%s: unable to look up NS host for %s: %s", q->rule->what->name, name, buf_c(&why));
	buf_fini(&why);
	return outcome;
}

typedef enum outcome	by_kind(struct question *q, const char *name);

/* AD10: an address literal has no zone; it is its own and only host. */
static enum outcome
literal_listed(struct question *q, struct view literal)
{
	struct netaddr addr;

	return netaddr_parse_literal(literal, &addr) ? address_listed(q, &addr) : ACCESS_NEXT;
}

static enum outcome
check_hosts(struct access_run *run, const struct rule *rule, enum subject subject, struct view name, by_kind *kind)
{
	struct question q = { .run = run, .rule = rule, .subject = subject, .maps = rule->maps };
	struct buf ascii = BUF_INIT;
	enum outcome outcome = ACCESS_NEXT;

	if (name.len > 0 && name.data[0] == '[')
		outcome = kind == by_ns ? ACCESS_NEXT : literal_listed(&q, name);
	else if (name.len > 0 && domain_to_ascii(name, &ascii) && domain_valid_mail(buf_view(&ascii)))
		outcome = kind(&q, buf_c(&ascii));
	buf_fini(&ascii);
	buf_fini(&q.value);
	return outcome;
}

/* -- whose name ------------------------------------------------------------------------------------------------------------ */

static struct view
domain_part(struct view address)
{
	struct view local, domain = VIEW_EMPTY;

	address_split(address, &local, &domain);
	return domain;
}

static struct view
known_name(const struct buf *name)
{
	return view_is(buf_view(name), "unknown") ? VIEW_EMPTY : buf_view(name);
}

static struct view
name_of(const struct access_facts *facts, enum subject subject)
{
	switch (subject) {
	case SUBJECT_CLIENT:		return known_name(&facts->peer->name);
	case SUBJECT_REVERSE_CLIENT:	return known_name(&facts->peer->reverse_name);
	case SUBJECT_HELO:		return facts->has_helo ? facts->helo : VIEW_EMPTY;
	case SUBJECT_SENDER:		return facts->has_sender ? domain_part(facts->sender) : VIEW_EMPTY;
	case SUBJECT_RECIPIENT:		return facts->has_recipient ? domain_part(facts->recipient) : VIEW_EMPTY;
	default:			return VIEW_EMPTY;
	}
}

#define CHECK(name, subject, kind) \
	RESTRICTION(name) \
	{ \
		return check_hosts(run, rule, subject, name_of(run->facts, subject), kind); \
	}

CHECK(check_client_mx, SUBJECT_CLIENT, by_mx)
CHECK(check_client_ns, SUBJECT_CLIENT, by_ns)
CHECK(check_client_a, SUBJECT_CLIENT, by_address)
CHECK(check_reverse_client_mx, SUBJECT_REVERSE_CLIENT, by_mx)
CHECK(check_reverse_client_ns, SUBJECT_REVERSE_CLIENT, by_ns)
CHECK(check_reverse_client_a, SUBJECT_REVERSE_CLIENT, by_address)
CHECK(check_helo_mx, SUBJECT_HELO, by_mx)
CHECK(check_helo_ns, SUBJECT_HELO, by_ns)
CHECK(check_helo_a, SUBJECT_HELO, by_address)
CHECK(check_sender_mx, SUBJECT_SENDER, by_mx)
CHECK(check_sender_ns, SUBJECT_SENDER, by_ns)
CHECK(check_sender_a, SUBJECT_SENDER, by_address)
CHECK(check_recipient_mx, SUBJECT_RECIPIENT, by_mx)
CHECK(check_recipient_ns, SUBJECT_RECIPIENT, by_ns)
CHECK(check_recipient_a, SUBJECT_RECIPIENT, by_address)
