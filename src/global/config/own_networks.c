#include "global/config/own_networks.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>

#include "util/base/mem.h"

/* DN11: what claims to be in the network of everybody is a host by itself. */
static unsigned
mask_prefix(const struct sockaddr *mask, unsigned bits)
{
	const unsigned char *bytes;
	unsigned prefix = 0;

	if (mask == NULL)
		return bits;
	bytes = bits == 32 ? (const unsigned char *)&((const struct sockaddr_in *)(const void *)mask)->sin_addr :
	    (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)mask)->sin6_addr;
	while (prefix < bits && (bytes[prefix / 8] & (0x80 >> prefix % 8)) != 0)
		prefix++;
	return prefix > 0 ? prefix : bits;
}

static bool
add_address(struct own_addresses *to, const struct netaddr *address, unsigned prefix)
{
	for (size_t i = 0; i < to->count; i++)
		if (netaddr_equal(&to->list[i].address, address))
			return false;
	to->list = mem_resize(to->list, (to->count + 1) * sizeof(to->list[0]));
	to->list[to->count++] = (struct own_address){ *address, prefix };
	return true;
}

struct wanted {
	bool ipv4, ipv6, loopback_only;
};

static bool
family_wanted(const struct wanted *wanted, int family)
{
	return (family == AF_INET && wanted->ipv4) || (family == AF_INET6 && wanted->ipv6);
}

/* All addresses of the host, IPv4 before IPv6. */
static bool
host_addresses(const struct wanted *wanted, struct own_addresses *out, struct buf *why)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct ifaddrs *all;
	struct netaddr address;

	if (getifaddrs(&all) == -1) {
		why_set(why, "cannot list network interfaces: %s", strerror(errno));
		return false;
	}
	for (size_t f = 0; f < ARRAY_COUNT(families); f++)
		for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
			if (i->ifa_addr == NULL || i->ifa_addr->sa_family != families[f] || (i->ifa_flags & IFF_UP) == 0 ||
			    !family_wanted(wanted, families[f]) ||
			    (wanted->loopback_only && (i->ifa_flags & IFF_LOOPBACK) == 0))
				continue;
			if (netaddr_from_sockaddr(i->ifa_addr, sizeof(struct sockaddr_storage), &address))
				add_address(out, &address, mask_prefix(i->ifa_netmask, netaddr_bits(&address)));
		}
	freeifaddrs(all);
	return true;
}

/* The network of an address that was named: as its interface has it, else the host alone. */
static unsigned
prefix_of(const struct own_addresses *host, const struct netaddr *address)
{
	for (size_t i = 0; i < host->count; i++)
		if (netaddr_equal(&host->list[i].address, address))
			return host->list[i].prefix;
	return netaddr_bits(address);
}

static bool
resolve_host(const char *name, const struct wanted *wanted, const struct own_addresses *host, struct own_addresses *out,
    struct buf *why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	struct netaddr address;
	int error = getaddrinfo(name, NULL, &hints, &found);

	if (error != 0) {
		why_set(why, "inet_interfaces: %s: %s", name, gai_strerror(error));
		return false;
	}
	for (struct addrinfo *i = found; i != NULL; i = i->ai_next)
		if (netaddr_from_sockaddr(i->ai_addr, i->ai_addrlen, &address) && family_wanted(wanted, address.family))
			add_address(out, &address, prefix_of(host, &address));
	freeaddrinfo(found);
	return true;
}

static bool
named_address(struct view word, const struct wanted *wanted, const struct own_addresses *host,
    struct own_addresses *out, struct buf *why)
{
	struct buf name = BUF_INIT;
	struct netaddr address;
	bool done = true;

	if (netaddr_parse(word, &address) || netaddr_parse_literal(word, &address)) {
		if (family_wanted(wanted, address.family))
			add_address(out, &address, prefix_of(host, &address));
		return true;
	}
	buf_putv(&name, word);
	done = resolve_host(buf_c(&name), wanted, host, out, why);
	buf_fini(&name);
	return done;
}

static bool
all_families(struct wanted *wanted, struct view word, struct buf *why)
{
	if (view_is_nocase(word, "all"))
		wanted->ipv4 = wanted->ipv6 = true;
	else if (view_is_nocase(word, "ipv4"))
		wanted->ipv4 = true;
	else if (view_is_nocase(word, "ipv6"))
		wanted->ipv6 = true;
	else
		return why_set(why, "inet_protocols: bad value \"%.*s\"; expected: all, ipv4, ipv6", VIEW_ARG(word)), false;
	return true;
}

static bool
wanted_families(struct config *config, struct wanted *wanted, struct buf *why)
{
	const char *protocols = config_string(config, "inet_protocols", why);
	struct view rest = view_string(protocols), word;

	if (protocols == NULL)
		return false;
	while (view_word(&rest, ", \t\r\n", &word))
		if (!all_families(wanted, word, why))
			return false;
	return true;
}

static bool
listed_addresses(const char *interfaces, struct wanted *wanted, struct own_addresses *out, struct buf *why)
{
	struct view rest = view_string(interfaces), word;
	struct own_addresses host = { NULL, 0 };
	bool done = host_addresses(wanted, &host, why);

	while (done && view_word(&rest, ", \t\r\n", &word)) {
		wanted->loopback_only = view_is_nocase(word, "loopback-only");
		if (wanted->loopback_only || view_is_nocase(word, "all"))
			done = host_addresses(wanted, out, why);
		else
			done = named_address(word, wanted, &host, out, why);
	}
	mem_free(host.list);
	return done;
}

bool
own_addresses(struct config *config, struct own_addresses *out, struct buf *why)
{
	const char *interfaces = config_string(config, "inet_interfaces", why);
	struct wanted wanted = { false, false, false };

	*out = (struct own_addresses){ NULL, 0 };
	if (interfaces == NULL || !wanted_families(config, &wanted, why))
		return false;
	if (listed_addresses(interfaces, &wanted, out, why))
		return true;
	mem_free(out->list);
	*out = (struct own_addresses){ NULL, 0 };
	return false;
}

bool
own_literal(const struct own_addresses *own, const char *proxy_interfaces, struct view domain)
{
	struct view rest = view_string(proxy_interfaces), word;
	struct netaddr literal, proxy;

	if (domain.len == 0 || domain.data[0] != '[' || !netaddr_parse_literal(domain, &literal))
		return false;
	for (size_t i = 0; i < own->count; i++)
		if (netaddr_equal(&own->list[i].address, &literal))
			return true;
	while (view_word(&rest, ", \t\r\n", &word))
		if (netaddr_parse(word, &proxy) && netaddr_equal(&proxy, &literal))
			return true;
	return false;
}

/* -- mynetworks_style ------------------------------------------------------------------------------------------------ */

static unsigned
prefix_subnet(const struct own_address *own)
{
	return own->prefix;
}

static unsigned
prefix_host(const struct own_address *own)
{
	return netaddr_bits(&own->address);
}

/* The classes A, B and C of old; IPv6 never had any. */
static unsigned
prefix_class(const struct own_address *own)
{
	unsigned char first = own->address.bytes[0];

	if (own->address.family != AF_INET)
		return own->prefix;
	return first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : 32;
}

static const struct style {
	const char *name;
	unsigned (*prefix)(const struct own_address *own);
} styles[] = {
	{ "host", prefix_host },
	{ "subnet", prefix_subnet },
	{ "class", prefix_class },
};

static const struct style *
style_find(const char *name, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_COUNT(styles); i++)
		if (strcmp(styles[i].name, name) == 0)
			return &styles[i];
	why_set(why, "bad mynetworks_style: \"%s\"; expected: host, subnet, class", name);
	return NULL;
}

static void
block_put(struct buf *out, const struct netblock *block)
{
	bool brackets = block->addr.family == AF_INET6;

	if (brackets)
		buf_putc(out, '[');
	netaddr_put(out, &block->addr);
	buf_printf(out, "%s/%u", brackets ? "]" : "", block->prefix);
}

static void
networks_put(const struct own_addresses *own, const struct style *style, struct buf *out)
{
	struct netblock *blocks = mem_new_array(own->count, sizeof(*blocks));
	size_t count = 0, known;

	for (size_t i = 0; i < own->count; i++) {
		netblock_of(&own->list[i].address, style->prefix(&own->list[i]), &blocks[count]);
		for (known = 0; known < count; known++)
			if (blocks[known].prefix == blocks[count].prefix &&
			    netaddr_equal(&blocks[known].addr, &blocks[count].addr))
				break;
		if (known < count)
			continue;
		if (count > 0)
			buf_putc(out, ' ');
		block_put(out, &blocks[count++]);
	}
	mem_free(blocks);
}

bool
own_networks_put(struct config *config, struct buf *out, struct buf *why)
{
	const char *name = config_string(config, "mynetworks_style", why);
	const struct style *style = name != NULL ? style_find(name, why) : NULL;
	struct own_addresses own;

	if (style == NULL || !own_addresses(config, &own, why))
		return false;
	networks_put(&own, style, out);
	mem_free(own.list);
	return true;
}
