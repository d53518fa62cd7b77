#include "smtp/destination.h"

#include <stdlib.h>
#include <strings.h>
#include <sys/random.h>

#include "dns/dns.h"
#include "global/address/address.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"

enum { HOSTS_MAX = 500, OWN_MAX = 256, ADDRESSES_PER_HOST_MAX = 100 };

/* -- syntax ---------------------------------------------------------------------------------------------------------- */

/* Well-known ports, without the system's file. */
static bool
port_number(struct arena *arena, struct view name, uint16_t *port)
{
	static const struct {
		struct view name;
		uint16_t port;
	} known[] = {
		{ VIEW_INIT("smtp"), 25 }, { VIEW_INIT("lmtp"), 24 }, { VIEW_INIT("smtps"), 465 }, { VIEW_INIT("submissions"), 465 },
		{ VIEW_INIT("submission"), 587 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (view_equal(known[i].name, name)) {
			*port = known[i].port;
			return true;
		}
	return inet_port(arena_string(arena, name), port);
}

/* host = "[" name-or-address "]" / name; the rest may be ":port" */
static bool
split_host_port(struct view text, struct view *host, struct view *port, bool *literal)
{
	ptrdiff_t end;

	*port = VIEW_EMPTY;
	*literal = text.len > 0 && text.data[0] == '[';
	if (*literal) {
		if ((end = view_find(text, ']')) < 0)
			return false;
		*host = view_slice(text, 1, (size_t)end);
		text = view_slice(text, (size_t)end + 1, text.len);
		if (view_empty(text))
			return true;
		if (text.data[0] != ':')
			return false;
		*port = view_slice(text, 1, text.len);
		return !view_empty(*port);
	}
	*host = text;
	if (view_split(text, ':', host, port))
		return !view_empty(*port);
	return true;
}

bool
destination_parse(struct view nexthop, const struct smtp_config *config, bool lmtp, struct arena *arena,
    struct destination *out, struct buf *why)
{
	struct view host, port;

	memset(out, 0, sizeof(*out));
	if (lmtp && view_starts(nexthop, VIEW("unix:"))) {
		out->is_unix = true;
		out->name = arena_string(arena, view_slice(nexthop, 5, nexthop.len));
		return true;
	}
	if (view_starts(nexthop, VIEW("inet:")))
		nexthop = view_slice(nexthop, 5, nexthop.len);
	if (!split_host_port(nexthop, &host, &port, &out->literal) || view_empty(host)) {
		why_set(why, "bad host or port in \"%.*s\"", VIEW_ARG(nexthop));
		return false;
	}
	if (view_starts_nocase(host, VIEW("ipv6:")))
		host = view_slice(host, 5, host.len);
	if (!port_number(arena, view_empty(port) ? view_string(config->tcp_port) : port, &out->port)) {
		why_set(why, "unknown port in \"%.*s\"", VIEW_ARG(nexthop));
		return false;
	}
	out->name = arena_string(arena, host);
	out->literal = out->literal || lmtp;
	return true;
}

/* -- addresses ------------------------------------------------------------------------------------------------------- */

struct lookup {
	const struct smtp_config *config;
	struct arena *arena;
	struct host_list *out;
	struct dsn *dsn;
	bool try_again;			/* some answer did not come */
};

static bool
protocol_enabled(const struct smtp_config *config, int family)
{
	struct view list = view_string(config->inet_protocols), word;

	while (view_word(&list, ", \t\r\n", &word))
		if (view_is(word, "all") || view_is(word, family == AF_INET ? "ipv4" : "ipv6"))
			return true;
	return false;
}

static unsigned
random_order(const struct smtp_config *config)
{
	unsigned value = 0;

	if (config->randomize && getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = (unsigned)random();
	return value;
}

static void
add_host(struct lookup *lookup, const char *name, const struct netaddr *addr, unsigned preference)
{
	if (lookup->out->count == HOSTS_MAX)
		return;
	lookup->out->hosts[lookup->out->count++] = (struct host){ name, *addr, preference, random_order(lookup->config) };
}

static void
name_error(struct lookup *lookup, const char *name, const char *type, enum dns_result result, const char *reason)
{
	const char *status = result == DNS_AGAIN ? "4.4.3" : result == DNS_MALFORMED ? "5.4.3" : "5.4.4";

	lookup->try_again = lookup->try_again || result == DNS_AGAIN;
	dsn_set(lookup->dsn, status, "Host or domain name not found. Name service error for name=%s type=%s: %s", name, type,
	    reason);
}

/* Addresses of one family, through the DNS. */
static bool
add_family(struct lookup *lookup, const char *name, enum dns_type type, unsigned preference)
{
	struct dns_answer answer;
	struct buf why = BUF_INIT;
	enum dns_result result = dns_lookup(name, type, lookup->arena, &answer, &why);

	for (size_t i = 0; result == DNS_FOUND && i < answer.count; i++)
		add_host(lookup, name, &answer.records[i].addr, preference);
	if (result != DNS_FOUND && (!lookup->try_again || result == DNS_AGAIN))
		name_error(lookup, name, dns_type_name(type), result, buf_c(&why));
	buf_fini(&why);
	return result == DNS_FOUND;
}

static bool
add_native(struct lookup *lookup, const char *name, unsigned preference)
{
	struct netaddr found[ADDRESSES_PER_HOST_MAX];
	struct buf why = BUF_INIT;
	size_t count = inet_resolve(name, NULL, AF_UNSPEC, found, ADDRESSES_PER_HOST_MAX, &why), added = 0;

	for (size_t i = 0; i < count; i++)
		if (protocol_enabled(lookup->config, found[i].family)) {
			add_host(lookup, name, &found[i], preference);
			added++;
		}
	if (added == 0)
		dsn_set(lookup->dsn, "4.4.3", "unable to look up host %s: %s", name, buf_c(&why));
	buf_fini(&why);
	return added > 0;
}

/* All addresses of a name, or the name itself when it is an address. */
static bool
add_name(struct lookup *lookup, const char *name, unsigned preference)
{
	struct view methods = view_string(lookup->config->host_lookup), word;
	struct netaddr addr;
	bool found = false;

	if (netaddr_parse(view_string(name), &addr)) {
		add_host(lookup, name, &addr, preference);
		return true;
	}
	while (!found && view_word(&methods, ", \t", &word)) {
		if (view_is_nocase(word, "native")) {
			found = add_native(lookup, name, preference);
			continue;
		}
		if (protocol_enabled(lookup->config, AF_INET6) && add_family(lookup, name, DNS_AAAA, preference))
			found = true;
		if (protocol_enabled(lookup->config, AF_INET) && add_family(lookup, name, DNS_A, preference))
			found = true;
	}
	return found;
}

/* -- order ------------------------------------------------------------------------------------------------------------ */

static int
compare_hosts(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static bool
listed_address(const char *list, const struct netaddr *addr)
{
	struct view rest = view_string(list), word;
	struct netaddr own;

	while (view_word(&rest, ", \t\r\n", &word)) {
		if (word.data[0] == '[')
			word = view_slice(word, 1, word.len - 1);
		if (netaddr_parse(word, &own) && netaddr_equal(&own, addr))
			return true;
	}
	return false;
}

/* Is this one of the addresses we receive mail on? */
static bool
own_address(const struct smtp_config *config, const struct netaddr *addr)
{
	struct netblock own[OWN_MAX];
	size_t count;

	if (listed_address(config->inet_interfaces, addr) || listed_address(config->proxy_interfaces, addr))
		return true;
	if (strcmp(config->inet_interfaces, "all") != 0)
		return false;
	count = inet_own_interfaces(own, OWN_MAX);
	for (size_t i = 0; i < count; i++)
		if (netaddr_equal(&own[i].addr, addr))
			return true;
	return false;
}

/* A host that is ourselves, and all that is no better, must not be tried (RFC 5321, 5.1). */
static bool
cut_loop(const struct destination *to, const struct smtp_config *config, struct host_list *list, struct dsn *dsn, bool soft)
{
	for (size_t i = 0; i < list->count; i++) {
		unsigned preference = list->hosts[i].preference;

		if (!own_address(config, &list->hosts[i].addr) && strcasecmp(list->hosts[i].name, config->myhostname) != 0)
			continue;
		while (i > 0 && list->hosts[i - 1].preference == preference)
			i--;
		list->count = i;
		if (i > 0)
			return true;
		dsn_set(dsn, soft ? "4.4.6" : "5.4.6", "mail for %s loops back to myself", to->name);
		return false;
	}
	return true;
}

static size_t
count_family(const struct host_list *list, size_t limit, int family)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count && i < limit; i++)
		count += list->hosts[i].addr.family == family;
	return count;
}

/* The best host of a family that stands behind the limit comes to the last place before it, if that family is missing. */
static void
balance(struct host_list *list, size_t limit)
{
	int missing;

	if (limit < 2 || list->count <= limit)
		return;
	missing = count_family(list, limit, AF_INET) == 0 ? AF_INET : count_family(list, limit, AF_INET6) == 0 ? AF_INET6 : 0;
	for (size_t i = limit; missing != 0 && i < list->count; i++)
		if (list->hosts[i].addr.family == missing) {
			list->hosts[limit - 1] = list->hosts[i];
			return;
		}
}

static void
prefer_family(struct host_list *list, const char *preference)
{
	int first = strcmp(preference, "ipv6") == 0 ? AF_INET6 : strcmp(preference, "ipv4") == 0 ? AF_INET : 0;

	for (size_t i = 0; first != 0 && i < list->count; i++)
		list->hosts[i].order = (list->hosts[i].order >> 1) | (list->hosts[i].addr.family == first ? 0 : 0x80000000u);
}

static void
cut_list(const struct smtp_config *config, struct host_list *list)
{
	size_t limit = config->mx_address_limit > 0 ? (size_t)config->mx_address_limit : list->count;

	if (config->balance)
		balance(list, limit);
	if (list->count > limit)
		list->count = limit;
}

/* -- mail exchangers --------------------------------------------------------------------------------------------------- */

static bool
add_exchangers(struct lookup *lookup, const struct destination *to, const struct dns_answer *answer)
{
	bool found = false;

	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *mx = &answer->records[i];

		if (view_empty(mx->name))
			continue;	/* beside others a null MX means nothing */
		if (add_name(lookup, arena_string(lookup->arena, mx->name), mx->preference))
			found = true;
	}
	if (!found && lookup->try_again)
		return false;
	if (!found && lookup->config->defer_if_no_mx_address)
		dsn_set(lookup->dsn, "4.4.4", "no address of a mail exchanger of %s was found", to->name);
	return found;
}

static bool
null_mx(const struct dns_answer *answer)
{
	return answer->count == 1 && view_empty(answer->records[0].name);
}

/* RFC 5321, 5.1: no MX record means that the domain itself is the host; an error means try later. */
static bool
add_domain(struct lookup *lookup, const struct destination *to)
{
	struct dns_answer answer;
	struct buf ascii = BUF_INIT, why = BUF_INIT;
	enum dns_result result;
	bool found = false;

	if (!domain_to_ascii(view_string(to->name), &ascii)) {
		dsn_set(lookup->dsn, "5.1.2", "bad domain name %s", to->name);
		goto out;
	}
	result = dns_lookup(buf_c(&ascii), DNS_MX, lookup->arena, &answer, &why);
	if (result == DNS_FOUND && null_mx(&answer))
		dsn_set(lookup->dsn, "5.1.0", "Domain %s does not accept mail (nullMX)", to->name);
	else if (result == DNS_FOUND)
		found = add_exchangers(lookup, to, &answer);
	else if (result == DNS_NO_DATA || result == DNS_NO_NAME || lookup->config->ignore_mx_error)
		found = add_name(lookup, arena_string(lookup->arena, buf_view(&ascii)), 0);
	else
		name_error(lookup, to->name, "MX", result, buf_c(&why));
out:
	buf_fini(&why);
	buf_fini(&ascii);
	return found;
}

bool
destination_hosts(const struct destination *to, const struct smtp_config *config, bool lmtp, struct arena *arena,
    struct host_list *out, struct dsn *dsn)
{
	struct lookup lookup = { config, arena, out, dsn, false };
	bool native = strstr(config->host_lookup, "dns") == NULL, found;

	out->count = 0;
	out->hosts = arena_alloc_array(arena, HOSTS_MAX, sizeof(*out->hosts));
	found = to->literal || native ? add_name(&lookup, to->name, 0) : add_domain(&lookup, to);
	if (!found)
		return false;
	prefer_family(out, config->address_preference);
	qsort(out->hosts, out->count, sizeof(*out->hosts), compare_hosts);
	/* A next hop in brackets, or on another port, is the administrator's word. */
	if (!lmtp && !to->literal && !cut_loop(to, config, out, dsn, lookup.try_again))
		return false;
	cut_list(config, out);
	return true;
}
