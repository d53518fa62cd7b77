/* helo: restrictions on the name that the client gave itself; without one they say nothing. */
#include "dns/dns.h"
#include "global/address/address.h"
#include "smtpd/access/lookup.h"

static enum outcome
refuse_helo(struct access_run *run, int code, const char *dsn, const char *why)
{
	return refuse(run, code, dsn, "<%.*s>: Helo command rejected: %s", VIEW_ARG(run->facts->helo), why);
}

enum outcome
check_helo_access(struct access_run *run, const struct rule *rule)
{
	struct buf value = BUF_INIT;
	enum outcome outcome = ACCESS_NEXT;

	if (!run->facts->has_helo)
		return ACCESS_NEXT;
	switch (lookup_domain(run->access, rule->maps, run->facts->helo, &value)) {
	case LOOKUP_FOUND:
		outcome = access_result(run, buf_view(&value), SUBJECT_HELO, table_name(maps_at(rule->maps, 0)));
		break;
	case LOOKUP_NONE:
		break;
	case LOOKUP_RETRY:
		outcome = refuse_configuration_for(run, SUBJECT_HELO);
		break;
	}
	buf_fini(&value);
	return outcome;
}

/* A trailing dot is forgiven. */
static struct view
helo_name(const struct access_run *run)
{
	struct view name = run->facts->helo;

	return name.len > 1 && name.data[name.len - 1] == '.' ? view_slice(name, 0, name.len - 1) : name;
}

enum outcome
check_invalid_helo(struct access_run *run, const struct rule *rule)
{
	struct view name = helo_name(run);

	if (!run->facts->has_helo || domain_valid_mail(name))
		return ACCESS_NEXT;
	return refuse_helo(run, run->config->invalid_hostname_code, "5.5.2",
	    name.data[0] == '[' ? "invalid ip address" : "Invalid name");
}

enum outcome
check_non_fqdn_helo(struct access_run *run, const struct rule *rule)
{
	struct view name = helo_name(run);

	if (!run->facts->has_helo || domain_valid_literal(name) || (domain_valid_mail(name) && view_find(name, '.') > 0))
		return ACCESS_NEXT;
	return refuse_helo(run, run->config->non_fqdn_code, "5.5.2", "need fully-qualified hostname");
}

static const enum dns_type host_types[] = { DNS_A, DNS_AAAA, DNS_MX };

enum outcome
check_unknown_helo(struct access_run *run, const struct rule *rule)
{
	struct dns_answer answer;
	const char *name = arena_string(run->arena, helo_name(run));
	bool again = false;

	if (!run->facts->has_helo || domain_valid_literal(run->facts->helo))
		return ACCESS_NEXT;
	for (size_t i = 0; i < ARRAY_COUNT(host_types); i++) {
		enum dns_result result = dns_lookup(name, host_types[i], run->arena, &answer, NULL);

		if (result == DNS_FOUND)
			return ACCESS_NEXT;
		again = again || dns_is_later(result);
	}
	if (again && strcmp(run->config->helo_tempfail, "defer_if_permit") == 0)
		return defer_if_permit(run, "4.7.1", "<%.*s>: Helo command rejected: Host not found", VIEW_ARG(run->facts->helo));
	return refuse_helo(run, again ? 450 : run->config->hostname_code, "4.7.1", "Host not found");
}
