#include "smtp/destination.h"

#include <stdlib.h>
#include <strings.h>

#include "dns/dns.h"
#include "global/address/address.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"
#include "util/net/known_ports.h"
#include "util/text/words.h"

enum { HOSTS_MAX = 500, OWN_MAX = 256, ADDRESSES_PER_HOST_MAX = 100, SMTP_PORT = 25 };

/* -- syntax ---------------------------------------------------------------------------------------------------------- */

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
destination_parse(struct view nexthop, const struct client *client, struct arena *arena, struct destination *out,
    struct buf *why)
{
	struct view host, port;

	memset(out, 0, sizeof(*out));
	out->nexthop = nexthop;
	if (client->lmtp && view_starts(nexthop, VIEW("unix:"))) {
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
	if (view_empty(port))
		port = view_string(client->config->tcp_port);
	if (!known_port(view_string(client->config->known_ports), port, &out->port)) {
		why_set(why, "unknown port in \"%.*s\"", VIEW_ARG(nexthop));
		return false;
	}
	out->name = arena_string(arena, host);
	out->service = arena_string(arena, port);
	out->literal = out->literal || client->lmtp;
	return true;
}

/* -- addresses ------------------------------------------------------------------------------------------------------- */

struct search {
	const struct smtp_config *config;
	uint16_t port;			/* of the hosts that are added */
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

/* Among hosts as good as each other; else in the order they were found. */
static unsigned
random_order(const struct search *search)
{
	return search->config->randomize ? (unsigned)random() : (unsigned)search->out->count;
}

static void
add_host(struct search *search, const char *name, const struct netaddr *addr, unsigned preference)
{
	if (search->out->count == HOSTS_MAX)
		return;
	search->out->hosts[search->out->count++] = (struct host){
		.name = name, .addr = *addr, .port = search->port, .preference = preference,
		.order = random_order(search),
	};
}

static void
name_error(struct search *search, const char *name, const char *type, enum dns_result result, const char *reason)
{
	static const char *const statuses[] = {
		[DNS_NO_NAME] = "5.4.4", [DNS_NO_DATA] = "5.4.4", [DNS_AGAIN] = "4.4.3", [DNS_MALFORMED] = "5.4.3",
		[DNS_FILTERED] = "4.7.0",
	};
	const char *status = statuses[result];

	search->try_again = search->try_again || result == DNS_AGAIN || result == DNS_FILTERED;
	dsn_set(search->dsn, status, "Host or domain name not found. Name service error for name=%s type=%s: %s", name, type,
	    reason);
}

/* Addresses of one family, through the DNS. */
static bool
add_family(struct search *search, const char *name, enum dns_type type, unsigned preference)
{
	struct dns_answer answer;
	struct buf why = BUF_INIT;
	enum dns_result result = dns_lookup(name, type, search->arena, &answer, &why);

	if (result == DNS_FOUND && search->config->cname_overrides)
		name = arena_string(search->arena, answer.canonical);
	for (size_t i = 0; result == DNS_FOUND && i < answer.count; i++)
		add_host(search, name, &answer.records[i].addr, preference);
	if (result != DNS_FOUND && (!search->try_again || result == DNS_AGAIN))
		name_error(search, name, dns_type_name(type), result, buf_c(&why));
	buf_fini(&why);
	return result == DNS_FOUND;
}

static bool
add_native(struct search *search, const char *name, unsigned preference)
{
	struct netaddr found[ADDRESSES_PER_HOST_MAX];
	struct buf why = BUF_INIT;
	size_t count = inet_resolve(name, NULL, AF_UNSPEC, found, ADDRESSES_PER_HOST_MAX, &why), added = 0;

	for (size_t i = 0; i < count; i++)
		if (protocol_enabled(search->config, found[i].family)) {
			add_host(search, name, &found[i], preference);
			added++;
		}
	if (added == 0)
		dsn_set(search->dsn, "4.4.3", "unable to look up host %s: %s", name, buf_c(&why));
	buf_fini(&why);
	return added > 0;
}

/* The older parameter counts as long as the newer one is not set. */
static bool
uses_dns(const struct smtp_config *config)
{
	return config->dns_support[0] != '\0' ? strcasecmp(config->dns_support, "disabled") != 0 : !config->disable_dns_lookups;
}

/* All addresses of a name, or the name itself when it is an address. */
static bool
add_name(struct search *search, const char *name, unsigned preference)
{
	struct view methods = view_string(uses_dns(search->config) ? search->config->host_lookup : "native"), word;
	struct netaddr addr;
	bool found = false;

	if (netaddr_parse(view_string(name), &addr)) {
		add_host(search, name, &addr, preference);
		return true;
	}
	while (!found && view_word(&methods, ", \t", &word)) {
		if (view_is_nocase(word, "native")) {
			found = add_native(search, name, preference);
			continue;
		}
		if (protocol_enabled(search->config, AF_INET6) && add_family(search, name, DNS_AAAA, preference))
			found = true;
		if (protocol_enabled(search->config, AF_INET) && add_family(search, name, DNS_A, preference))
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
		list->loops = true;
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
add_exchangers(struct search *search, const struct destination *to, const struct dns_answer *answer)
{
	bool found = false;

	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *mx = &answer->records[i];

		if (view_empty(mx->name))
			continue;	/* beside others a null MX means nothing */
		if (add_name(search, arena_string(search->arena, mx->name), mx->preference))
			found = true;
	}
	if (!found && search->try_again)
		return false;
	if (!found && search->config->defer_if_no_mx_address)
		dsn_set(search->dsn, "4.4.4", "no address of a mail exchanger of %s was found", to->name);
	return found;
}

static bool
null_mx(const struct dns_answer *answer)
{
	return answer->count == 1 && view_empty(answer->records[0].name);
}

/* RFC 5321, 5.1: no MX record means that the domain itself is the host; an error means try later. */
static bool
add_domain(struct search *search, const struct destination *to)
{
	struct dns_answer answer;
	struct buf ascii = BUF_INIT, why = BUF_INIT;
	enum dns_result result;
	bool found = false;

	if (!domain_to_ascii(view_string(to->name), &ascii)) {
		dsn_set(search->dsn, "5.1.2", "bad domain name %s", to->name);
		goto out;
	}
	result = dns_lookup(buf_c(&ascii), DNS_MX, search->arena, &answer, &why);
	if (result == DNS_FOUND && null_mx(&answer))
		dsn_set(search->dsn, "5.1.0", "Domain %s does not accept mail (nullMX)", to->name);
	else if (result == DNS_FOUND)
		found = add_exchangers(search, to, &answer);
	else if (result == DNS_NO_DATA || result == DNS_NO_NAME || search->config->ignore_mx_error)
		found = add_name(search, arena_string(search->arena, buf_view(&ascii)), 0);
	else
		name_error(search, to->name, "MX", result, buf_c(&why));
out:
	buf_fini(&why);
	buf_fini(&ascii);
	return found;
}

/* -- SRV (RFC 2782) ----------------------------------------------------------------------------------------------------- */

static bool
uses_srv(const struct smtp_config *config, const struct destination *to)
{
	return !to->literal && words_contain(view_string(config->srv_services), view_string(to->service));
}

/* One of the first `left` records: each as likely as its weight says; those without have a small chance. */
static size_t
draw(const struct dns_record *records, size_t left)
{
	unsigned total = 0, at;

	for (size_t i = 0; i < left; i++)
		total += records[i].weight + 1u;
	at = (unsigned)random() % total;
	for (size_t i = 0; i < left; i++) {
		if (at < records[i].weight + 1u)
			return i;
		at -= records[i].weight + 1u;
	}
	return left - 1;
}

static int
compare_priority(const void *a, const void *b)
{
	const struct dns_record *x = a, *y = b;

	return (x->preference > y->preference) - (x->preference < y->preference);
}

/* By priority; among equals in an order drawn by weight. Each record then has a preference of its own. */
static void
order_services(struct dns_record *records, size_t count)
{
	qsort(records, count, sizeof(*records), compare_priority);
	for (size_t i = 0, same; i < count; i++) {
		struct dns_record first;
		size_t chosen;

		for (same = i; same < count && records[same].preference == records[i].preference;)
			same++;
		chosen = i + draw(records + i, same - i);
		first = records[chosen];
		records[chosen] = records[i];
		records[i] = first;
	}
}

static bool
add_services(struct search *search, const struct dns_answer *answer)
{
	uint16_t port = search->port;
	bool found = false;

	order_services(answer->records, answer->count);
	for (size_t i = 0; i < answer->count; i++) {
		search->port = answer->records[i].port;
		if (!view_empty(answer->records[i].name) &&
		    add_name(search, arena_string(search->arena, answer->records[i].name), (unsigned)i))
			found = true;
	}
	search->port = port;
	return found;
}

/* *decided: whatever was found, the domain's mail exchangers are not asked for. */
static bool
add_srv(struct search *search, const struct destination *to, bool *decided)
{
	struct dns_answer answer;
	struct buf name = BUF_INIT, why = BUF_INIT;
	enum dns_result result;
	bool found = false;

	buf_printf(&name, "_%s._tcp.%s", to->service, to->name);
	result = dns_lookup(buf_c(&name), DNS_SRV, search->arena, &answer, &why);
	*decided = true;
	if (result == DNS_FOUND) {
		found = add_services(search, &answer);
	} else {
		bool missing = result == DNS_NO_NAME || result == DNS_NO_DATA;

		*decided = !(missing ? search->config->srv_fallback : search->config->ignore_srv_error);
		name_error(search, buf_c(&name), "SRV", result, buf_c(&why));
		if (!*decided)
			log_info("skipping SRV lookup for %s: %s", buf_c(&name), buf_c(&why));
	}
	buf_fini(&why);
	buf_fini(&name);
	return found;
}

static bool
add_destination(struct search *search, const struct destination *to)
{
	bool decided = false, found;

	if (uses_srv(search->config, to)) {
		found = add_srv(search, to, &decided);
		if (decided)
			return found;
	}
	return add_domain(search, to);
}

bool
destination_hosts(const struct destination *to, const struct client *client, struct arena *arena, struct host_list *out,
    struct dsn *dsn)
{
	const struct smtp_config *config = client->config;
	struct search search = { .config = config, .port = to->port, .arena = arena, .out = out, .dsn = dsn };
	bool plain = to->literal || !uses_dns(config);

	out->count = 0;
	out->hosts = arena_alloc_array(arena, HOSTS_MAX, sizeof(*out->hosts));
	if (!(plain ? add_name(&search, to->name, 0) : add_destination(&search, to)))
		return false;
	prefer_family(out, config->address_preference);
	qsort(out->hosts, out->count, sizeof(*out->hosts), compare_hosts);
	/* A host that no MX record names, or another port, is the administrator's word. */
	if (!plain && to->port == SMTP_PORT && !cut_loop(to, config, out, dsn, search.try_again))
		return false;
	cut_list(config, out);
	return true;
}
