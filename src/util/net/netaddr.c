#include "util/net/netaddr.h"

#include <arpa/inet.h>
#include <string.h>

static const unsigned char mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

enum { ADDRESS_TEXT_MAX = 64 };

static void
set_bytes(struct netaddr *out, int family, const void *bytes)
{
	memset(out, 0, sizeof(*out));
	out->family = family;
	memcpy(out->bytes, bytes, family == AF_INET ? 4 : 16);
	if (family == AF_INET6 && memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		memset(out->bytes, 0, sizeof(out->bytes));
		memcpy(out->bytes, (const char *)bytes + sizeof(mapped_prefix), 4);
		out->family = AF_INET;
	}
}

bool
netaddr_parse(struct view text, struct netaddr *out)
{
	char copy[ADDRESS_TEXT_MAX];
	unsigned char bytes[16];
	int family = view_find(text, ':') >= 0 ? AF_INET6 : AF_INET;

	if (text.len == 0 || text.len >= sizeof(copy) || view_find(text, '\0') >= 0)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (inet_pton(family, copy, bytes) != 1)
		return false;
	set_bytes(out, family, bytes);
	return true;
}

bool
netaddr_parse_literal(struct view text, struct netaddr *out)
{
	if (text.len < 3 || text.data[0] != '[' || text.data[text.len - 1] != ']')
		return false;
	text = view_slice(text, 1, text.len - 1);
	if (view_starts_nocase(text, VIEW("ipv6:"))) {
		text = view_slice(text, 5, text.len);
		if (view_find(text, ':') < 0)
			return false;
	}
	return netaddr_parse(text, out);
}

bool
netaddr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct netaddr *out)
{
	if (sa->sa_family == AF_INET && len >= (socklen_t)sizeof(struct sockaddr_in)) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;

		set_bytes(out, AF_INET, &in->sin_addr);
		out->port = ntohs(in->sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6 && len >= (socklen_t)sizeof(struct sockaddr_in6)) {
		const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)sa;

		set_bytes(out, AF_INET6, &in->sin6_addr);
		out->port = ntohs(in->sin6_port);
		out->scope = out->family == AF_INET6 ? in->sin6_scope_id : 0;
		return true;
	}
	memset(out, 0, sizeof(*out));
	out->family = sa->sa_family == AF_UNIX ? AF_UNIX : AF_UNSPEC;
	return sa->sa_family == AF_UNIX;
}

socklen_t
netaddr_to_sockaddr(const struct netaddr *addr, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (addr->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		in->sin_family = AF_INET;
		in->sin_port = htons(addr->port);
		memcpy(&in->sin_addr, addr->bytes, 4);
		return sizeof(*in);
	}
	if (addr->family == AF_INET6) {
		struct sockaddr_in6 *in = (struct sockaddr_in6 *)out;

		in->sin6_family = AF_INET6;
		in->sin6_port = htons(addr->port);
		in->sin6_scope_id = addr->scope;
		memcpy(&in->sin6_addr, addr->bytes, 16);
		return sizeof(*in);
	}
	return 0;
}

void
netaddr_put(struct buf *out, const struct netaddr *addr)
{
	char text[ADDRESS_TEXT_MAX];

	if (addr->family == AF_INET || addr->family == AF_INET6)
		buf_puts(out, inet_ntop(addr->family, addr->bytes, text, sizeof(text)));
}

bool
netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0 && a->scope == b->scope;
}

bool
netaddr_is_loopback(const struct netaddr *addr)
{
	if (addr->family == AF_INET)
		return addr->bytes[0] == 127;
	return addr->family == AF_INET6 && memcmp(addr->bytes, &in6addr_loopback, sizeof(in6addr_loopback)) == 0;
}

unsigned
netaddr_bits(const struct netaddr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

void
netblock_of(const struct netaddr *addr, unsigned prefix, struct netblock *out)
{
	out->addr = *addr;
	out->addr.port = 0;
	out->addr.scope = 0;
	out->prefix = prefix;
	for (unsigned bit = prefix; bit < netaddr_bits(addr); bit++)
		out->addr.bytes[bit / 8] &= (unsigned char)~(0x80u >> bit % 8);
}

/* "addr" or "[addr]" in front of what is left in *text. */
static bool
block_address(struct view *text, struct netaddr *addr)
{
	ptrdiff_t end;

	if (text->len > 0 && text->data[0] == '[') {
		end = view_find(*text, ']');
		if (end < 0 || !netaddr_parse_literal(view_slice(*text, 0, (size_t)end + 1), addr))
			return false;
		*text = view_slice(*text, (size_t)end + 1, text->len);
		return true;
	}
	end = view_find(*text, '/');
	end = end < 0 ? (ptrdiff_t)text->len : end;
	if (!netaddr_parse(view_slice(*text, 0, (size_t)end), addr))
		return false;
	*text = view_slice(*text, (size_t)end, text->len);
	return true;
}

/* Back to what was written, for a prefix that counts 128 bits. */
static void
unmap(struct netaddr *addr)
{
	memmove(addr->bytes + sizeof(mapped_prefix), addr->bytes, 4);
	memcpy(addr->bytes, mapped_prefix, sizeof(mapped_prefix));
	addr->family = AF_INET6;
}

bool
netblock_parse(struct view text, struct netblock *out, struct buf *why)
{
	struct view rest = text;
	struct netaddr addr;
	unsigned long long prefix;

	if (!block_address(&rest, &addr)) {
		why_set(why, "bad network address \"%.*s\"", VIEW_ARG(text));
		return false;
	}
	if (rest.len > 0 && addr.family == AF_INET && view_find(text, ':') >= 0)
		unmap(&addr);
	prefix = netaddr_bits(&addr);
	if (rest.len > 0 && (rest.data[0] != '/' || !view_number(view_slice(rest, 1, rest.len), &prefix) ||
	    prefix > netaddr_bits(&addr))) {
		why_set(why, "bad prefix length in \"%.*s\": expected 0 to %u", VIEW_ARG(text), netaddr_bits(&addr));
		return false;
	}
	netblock_of(&addr, (unsigned)prefix, out);
	if (!netaddr_equal(&out->addr, &addr)) {
		struct buf right = BUF_INIT;

		netaddr_put(&right, &out->addr);
		why_set(why, "non-null host address bits in \"%.*s\", perhaps you should use \"%s/%llu\" instead", VIEW_ARG(text),
		    buf_c(&right), prefix);
		buf_fini(&right);
		return false;
	}
	return true;
}

bool
netblock_contains(const struct netblock *block, const struct netaddr *addr)
{
	struct netblock masked;

	if (block->addr.family != addr->family)
		return false;
	netblock_of(addr, block->prefix, &masked);
	return netaddr_equal(&masked.addr, &block->addr);
}
