/* mailbox: restrictions that look at an address, be it the sender or the recipient. */
#include "dns/dns.h"
#include "global/address/address.h"
#include "smtpd/access/lookup.h"
#include "util/text/casefold.h"

static bool
address_of(const struct access_run *run, enum subject subject, struct view *address)
{
	const struct access_facts *facts = run->facts;

	*address = subject == SUBJECT_SENDER ? facts->sender : facts->recipient;
	return subject == SUBJECT_SENDER ? facts->has_sender : facts->has_recipient;
}

/* As tables know it: with a domain, and in lower case, for patterns too. */
static bool
lookup_key(struct access_run *run, struct view address, struct buf *key)
{
	struct view local, domain;
	struct resolve_reply resolved;

	if (!address_split(address, &local, &domain)) {
		if (!resolve_for(run, address, &resolved))
			return false;
		address = resolved.recipient;
	}
	casefold_put(key, address, run->access->env->utf8);
	return true;
}

static enum lookup
lookup_mailbox(struct access_run *run, struct maps *maps, struct view address, struct buf *value)
{
	struct buf key = BUF_INIT;
	enum lookup found = LOOKUP_RETRY;

	if (view_empty(address))
		return maps_lookup(maps, view_string(run->config->null_lookup_key), false, value, NULL);
	if (lookup_key(run, address, &key))
		found = lookup_address(run->access, maps, buf_view(&key), value);
	buf_fini(&key);
	return found;
}

static enum outcome
mailbox_access(struct access_run *run, const struct rule *rule, enum subject subject)
{
	struct buf value = BUF_INIT;
	enum outcome outcome = ACCESS_NEXT;
	enum lookup found;
	struct view address;

	if (!address_of(run, subject, &address))
		return ACCESS_NEXT;
	found = lookup_mailbox(run, rule->maps, address, &value);
	if (found == LOOKUP_FOUND)
		outcome = access_result(run, buf_view(&value), subject, table_name(maps_at(rule->maps, 0)));
	else if (found == LOOKUP_RETRY)
		outcome = refuse_configuration_for(run, subject);
	buf_fini(&value);
	return outcome;
}

enum outcome
check_sender_access(struct access_run *run, const struct rule *rule)
{
	return mailbox_access(run, rule, SUBJECT_SENDER);
}

enum outcome
check_recipient_access(struct access_run *run, const struct rule *rule)
{
	return mailbox_access(run, rule, SUBJECT_RECIPIENT);
}

enum outcome
check_etrn_access(struct access_run *run, const struct rule *rule)
{
	struct buf value = BUF_INIT;
	enum outcome outcome = ACCESS_NEXT;

	if (!run->facts->has_etrn)
		return ACCESS_NEXT;
	switch (lookup_domain(run->access, rule->maps, run->facts->etrn_domain, &value)) {
	case LOOKUP_FOUND:
		outcome = access_result(run, buf_view(&value), SUBJECT_ETRN, table_name(maps_at(rule->maps, 0)));
		break;
	case LOOKUP_NONE:
		break;
	case LOOKUP_RETRY:
		outcome = refuse_configuration_for(run, SUBJECT_ETRN);
		break;
	}
	buf_fini(&value);
	return outcome;
}

static enum outcome
non_fqdn(struct access_run *run, enum subject subject)
{
	struct view address, local, domain;

	if (!address_of(run, subject, &address) || view_empty(address))
		return ACCESS_NEXT;
	if (subject == SUBJECT_RECIPIENT && view_is_nocase(address, "postmaster"))
		return ACCESS_NEXT;
	if (address_split(address, &local, &domain)
	    && (domain_valid_literal(domain) || (domain_valid_mail(domain) && view_find(domain, '.') > 0)))
		return ACCESS_NEXT;
	return refuse(run, run->config->non_fqdn_code, "5.5.2", "<%.*s>: %s rejected: need fully-qualified address",
	    VIEW_ARG(subject_name(run, subject)), subject_class(subject));
}

enum outcome
check_non_fqdn_sender(struct access_run *run, const struct rule *rule)
{
	return non_fqdn(run, SUBJECT_SENDER);
}

enum outcome
check_non_fqdn_recipient(struct access_run *run, const struct rule *rule)
{
	return non_fqdn(run, SUBJECT_RECIPIENT);
}

/* -- does the domain exist? ------------------------------------------------------------------------------------------------ */

static enum dns_result
mail_host(struct access_run *run, const char *domain, bool *null_mx)
{
	struct dns_answer answer;
	enum dns_result mx, a, aaaa;

	mx = dns_lookup(domain, DNS_MX, run->arena, &answer, NULL);
	*null_mx = mx == DNS_FOUND && answer.count == 1 && view_empty(answer.records[0].name);
	if (mx == DNS_FOUND || mx == DNS_MALFORMED)
		return mx;
	a = dns_lookup(domain, DNS_A, run->arena, &answer, NULL);
	if (a == DNS_FOUND)
		return a;
	aaaa = dns_lookup(domain, DNS_AAAA, run->arena, &answer, NULL);
	if (aaaa == DNS_FOUND)
		return aaaa;
	return dns_is_later(mx) || dns_is_later(a) || dns_is_later(aaaa) ? DNS_AGAIN : DNS_NO_NAME;
}

static enum outcome
refuse_domain(struct access_run *run, enum subject subject, enum dns_result result)
{
	const char *dsn = subject == SUBJECT_SENDER ? "4.1.8" : "4.1.2";
	const char *why = result == DNS_MALFORMED ? "Malformed DNS server reply" : "Domain not found";
	struct view name = subject_name(run, subject);

	if (dns_is_later(result) && strcmp(run->config->address_tempfail, "defer_if_permit") == 0)
		return defer_if_permit(run, dsn, "<%.*s>: %s rejected: %s", VIEW_ARG(name), subject_class(subject), why);
	return refuse(run, dns_is_later(result) ? 450 : run->config->address_code, dsn, "<%.*s>: %s rejected: %s",
	    VIEW_ARG(name), subject_class(subject), why);
}

static enum outcome
refuse_null_mx(struct access_run *run, enum subject subject, struct view domain)
{
	return refuse(run, subject == SUBJECT_SENDER ? 550 : 556, subject == SUBJECT_SENDER ? "5.7.27" : "5.1.10",
	    "<%.*s>: %s rejected: Domain %.*s does not accept mail (nullMX)", VIEW_ARG(subject_name(run, subject)),
	    subject_class(subject), VIEW_ARG(domain));
}

/* Domains for which we are the end of the way need not be in the DNS. */
static enum outcome
unknown_domain(struct access_run *run, enum subject subject)
{
	struct view address, local, domain;
	struct resolve_reply resolved;
	struct buf ascii = BUF_INIT;
	enum dns_result result;
	bool null_mx;

	if (!address_of(run, subject, &address) || !address_split(address, &local, &domain) || domain_valid_literal(domain))
		return ACCESS_NEXT;
	if (!resolve_for(run, address, &resolved))
		return refuse_lookup(run, subject_name(run, subject));
	if (resolved.domain_class != RESOLVE_DEFAULT && resolved.domain_class != RESOLVE_RELAY)
		return ACCESS_NEXT;
	result = domain_to_ascii(domain, &ascii) ? mail_host(run, buf_c(&ascii), &null_mx) : (null_mx = false, DNS_NO_NAME);
	buf_fini(&ascii);
	if (null_mx)
		return refuse_null_mx(run, subject, domain);
	return result == DNS_FOUND ? ACCESS_NEXT : refuse_domain(run, subject, result);
}

enum outcome
check_unknown_sender_domain(struct access_run *run, const struct rule *rule)
{
	return unknown_domain(run, SUBJECT_SENDER);
}

enum outcome
check_unknown_recipient_domain(struct access_run *run, const struct rule *rule)
{
	return unknown_domain(run, SUBJECT_RECIPIENT);
}

/* Evaluated with the count of recipients that stands when the list runs: at DATA it is final. */
enum outcome
check_multi_recipient_bounce(struct access_run *run, const struct rule *rule)
{
	const struct access_facts *facts = run->facts;
	bool counted = run->subject == SUBJECT_DATA || run->subject == SUBJECT_END_OF_DATA;

	if (!facts->has_sender || !view_empty(facts->sender) || facts->recipient_count + (counted ? 0 : 1) < 2)
		return ACCESS_NEXT;
	return refuse(run, run->config->multi_recipient_code, "5.5.3", "<%.*s>: %s rejected: Multi-recipient bounce",
	    VIEW_ARG(subject_name(run, run->subject)), subject_class(run->subject));
}
