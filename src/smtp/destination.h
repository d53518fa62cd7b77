/*
 * destination: a next hop as qmgr names it, and the hosts it stands for, in the order to try them (RFC 5321, 5.1).
 *
 *	example.com  example.com:port  [host]  [host]:port  [address]:port  inet:host:port  unix:/path
 */
#ifndef SMTP_DESTINATION_H
#define SMTP_DESTINATION_H

#include "global/dsn/dsn.h"
#include "smtp/client.h"
#include "util/base/arena.h"
#include "util/net/netaddr.h"

struct destination {
	const char *name;		/* as shown, without brackets and port; or the path of a socket */
	const char *service;		/* what the port was called: "smtp", "2525" */
	struct view nexthop;		/* as it was written */
	uint16_t port;
	bool literal;			/* in brackets: no MX lookup */
	bool is_unix;
};

/* One host address to try. */
struct host {
	const char *name;
	struct netaddr addr;
	uint16_t port;
	unsigned preference, order;	/* order: random among equals */
};

struct host_list {
	struct host *hosts;
	size_t count;
	bool loops;		/* there is none because the best of them is this one */
};

/* Parses one next hop. False with a phrase for bad syntax. LMTP: no MX, "inet:" and "unix:" allowed, other port. */
bool	destination_parse(struct view nexthop, const struct client *client, struct arena *arena, struct destination *out,
	    struct buf *why);
/* Looks the hosts up. False with a verdict: no such host, try again, null MX, or mail loops back. */
bool	destination_hosts(const struct destination *to, const struct client *client, struct arena *arena,
	    struct host_list *out, struct dsn *dsn);

#endif
