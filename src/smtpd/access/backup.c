/*
 * backup: permit_mx_backup: relaying to domains that name us as one of their mail exchangers, when the best of them is in
 * permit_mx_backup_networks.
 */
#include "dns/dns.h"
#include "global/address/address.h"
#include "smtpd/access/internal.h"

enum verdict { NOT_US, US, UNSURE };

static enum verdict
is_own(const struct access *access, const struct netaddr *addr)
{
	struct view rest = view_string(access->config.proxy_interfaces), word;
	struct netaddr proxy;

	for (size_t i = 0; i < access->interface_count; i++) {
		if (netaddr_equal(&access->interfaces[i].addr, addr))
			return US;
	}
	while (view_word(&rest, ", \t\r\n", &word)) {
		if (netaddr_parse(word, &proxy) && netaddr_equal(&proxy, addr))
			return US;
	}
	return NOT_US;
}

typedef enum verdict	test_address(const struct access *access, const struct netaddr *addr);

static enum verdict
in_networks(const struct access *access, const struct netaddr *addr)
{
	static const enum verdict verdicts[] = { [LOOKUP_FOUND] = US, [LOOKUP_NONE] = NOT_US, [LOOKUP_RETRY] = UNSURE };

	return verdicts[match_list_host(access->backup_networks, VIEW_EMPTY, addr)];
}

/* Does any address of the host pass the test? */
static enum verdict
host_passes(struct access_run *run, struct view host, test_address *passes)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	const char *name = arena_string(run->arena, host);
	enum verdict verdict = NOT_US;
	struct dns_answer answer;

	for (size_t t = 0; t < ARRAY_COUNT(types); t++) {
		enum dns_result result = dns_lookup(name, types[t], run->arena, &answer, NULL);

		if (dns_is_later(result))
			verdict = UNSURE;
		for (size_t i = 0; result == DNS_FOUND && i < answer.count && verdict != US; i++) {
			enum verdict one = passes(run->access, &answer.records[i].addr);

			verdict = one != NOT_US ? one : verdict;
		}
		if (verdict == US)
			break;
	}
	return verdict;
}

static enum verdict
lists_us(struct access_run *run, const struct dns_answer *answer)
{
	enum verdict verdict = NOT_US, one;

	for (size_t i = 0; i < answer->count && verdict != US; i++) {
		one = host_passes(run, answer->records[i].name, is_own);
		verdict = one != NOT_US ? one : verdict;
	}
	return verdict;
}

static enum verdict
best_in_networks(struct access_run *run, const struct dns_answer *answer)
{
	unsigned best = UINT16_MAX;
	enum verdict verdict = NOT_US, one;

	if (run->config->backup_networks[0] == '\0')
		return US;
	for (size_t i = 0; i < answer->count; i++)
		best = answer->records[i].preference < best ? answer->records[i].preference : best;
	for (size_t i = 0; i < answer->count && verdict != US; i++) {
		if (answer->records[i].preference != best)
			continue;
		one = host_passes(run, answer->records[i].name, in_networks);
		verdict = one != NOT_US ? one : verdict;
	}
	return verdict;
}

/* Refused only as long as the DNS cannot be asked. */
static enum outcome
unsure(struct access_run *run, struct view domain)
{
	set_mark(&run->if_reject, run->arena, 450, "4.4.4", arena_printf(run->arena,
	    "<%.*s>: %s rejected: Unable to look up mail exchanger information for %.*s",
	    VIEW_ARG(subject_name(run, SUBJECT_RECIPIENT)), subject_class(SUBJECT_RECIPIENT), VIEW_ARG(domain)));
	return ACCESS_NEXT;
}

static enum outcome
by_mail_exchangers(struct access_run *run, struct view domain, const char *ascii)
{
	struct dns_answer answer;
	enum dns_result result = dns_lookup(ascii, DNS_MX, run->arena, &answer, NULL);
	enum verdict us, best;

	if (dns_is_later(result))
		return unsure(run, domain);
	if (result != DNS_FOUND)
		return ACCESS_NEXT;
	us = lists_us(run, &answer);
	best = us == NOT_US ? NOT_US : best_in_networks(run, &answer);
	if (us == US && best == US)
		return ACCESS_PERMIT;
	return us == NOT_US || best == NOT_US ? ACCESS_NEXT : unsure(run, domain);
}

enum outcome
check_mx_backup(struct access_run *run, const struct rule *rule)
{
	enum outcome outcome = ACCESS_NEXT;
	struct resolve_reply resolved;
	struct view local, domain;
	struct buf ascii = BUF_INIT;

	if (!run->facts->has_recipient)
		return ACCESS_NEXT;
	if (!resolve_for(run, run->facts->recipient, &resolved))
		return refuse_lookup(run, subject_name(run, SUBJECT_RECIPIENT));
	if ((resolved.flags & (RESOLVE_FLAG_ERROR | RESOLVE_FLAG_ROUTED)) != 0)
		return ACCESS_NEXT;
	if (resolved.domain_class != RESOLVE_DEFAULT)
		return ACCESS_PERMIT;
	if (address_split(run->facts->recipient, &local, &domain) && !domain_valid_literal(domain)
	    && domain_to_ascii(domain, &ascii))
		outcome = by_mail_exchangers(run, domain, buf_c(&ascii));
	buf_fini(&ascii);
	return outcome;
}
