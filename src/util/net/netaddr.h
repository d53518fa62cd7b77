/*
 * netaddr: a network address as a value: family, bytes, port and scope. IPv4-mapped IPv6 addresses are turned into
 * IPv4 at the border, and a scope never reaches text. Networks are an address and a prefix length.
 */
#ifndef UTIL_NET_NETADDR_H
#define UTIL_NET_NETADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "util/text/buf.h"

struct netaddr {
	int family;			/* AF_INET, AF_INET6, AF_UNIX (no bytes), or AF_UNSPEC: unset */
	unsigned char bytes[16];	/* network order; 4 used for AF_INET */
	uint16_t port;			/* host order; 0: none */
	uint32_t scope;
};

struct netblock {
	struct netaddr addr;		/* host bits are zero */
	unsigned prefix;		/* bits */
};

bool	netaddr_parse(struct view text, struct netaddr *out);		/* "192.0.2.1", "2001:db8::1"; no brackets */
/* The one parser of address literals: "[1.2.3.4]", "[ipv6:::1]", "[IPv6:::1]", "[::1]". */
bool	netaddr_parse_literal(struct view text, struct netaddr *out);
bool	netaddr_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct netaddr *out);	/* normalises */
socklen_t netaddr_to_sockaddr(const struct netaddr *addr, struct sockaddr_storage *out);
void	netaddr_put(struct buf *out, const struct netaddr *addr);	/* the address only, without brackets or port */
bool	netaddr_equal(const struct netaddr *a, const struct netaddr *b);	/* without port */
bool	netaddr_is_loopback(const struct netaddr *addr);			/* 127.0.0.0/8, ::1 */
unsigned netaddr_bits(const struct netaddr *addr);			/* 32 or 128 */
/*
 * "192.0.2.0/24", "[2001:db8::]/32", a lone address; false with a phrase for bad text or non-zero host bits. A block of
 * mapped addresses, as "[::ffff:127.0.0.0]/104", is good and contains nothing, since all clients with such an address are
 * IPv4 by then.
 */
bool	netblock_parse(struct view text, struct netblock *out, struct buf *why);
bool	netblock_contains(const struct netblock *block, const struct netaddr *addr);
void	netblock_of(const struct netaddr *addr, unsigned prefix, struct netblock *out);	/* clears the host bits */

#endif
