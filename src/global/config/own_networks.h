/*
 * own_networks: the addresses on which this instance receives mail (inet_interfaces, inet_protocols), and from them the
 * default of mynetworks (mynetworks_style).
 */
#ifndef GLOBAL_CONFIG_OWN_NETWORKS_H
#define GLOBAL_CONFIG_OWN_NETWORKS_H

#include "global/config/config.h"
#include "util/net/netaddr.h"

struct own_address {
	struct netaddr address;
	unsigned prefix;		/* bits of its network */
};

struct own_addresses {
	struct own_address *list;	/* mem_free() it */
	size_t count;
};

/* inet_interfaces: "all", "loopback-only", or names and addresses; of the families that inet_protocols names. */
bool	own_addresses(struct config *config, struct own_addresses *out, struct buf *why);
/* Is this domain one of these addresses, or of proxy_interfaces, in brackets? */
bool	own_literal(const struct own_addresses *own, const char *proxy_interfaces, struct view domain);
/* Appends "127.0.0.0/8 [::1]/128 …". */
bool	own_networks_put(struct config *config, struct buf *out, struct buf *why);

#endif
