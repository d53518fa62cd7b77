/*
 * resolve: where does a recipient go? Class of its domain, then the transport and next hop of that class, then what
 * transport_maps and relocated_maps say. Every byte string has an answer; a table that cannot be asked makes that
 * answer RESOLVE_FLAG_FAIL.
 */
#ifndef TRIVIAL_REWRITE_RESOLVE_H
#define TRIVIAL_REWRITE_RESOLVE_H

#include "global/client/resolve.h"
#include "global/config/own_networks.h"
#include "table/maps.h"
#include "table/match_list.h"
#include "trivial-rewrite/config.h"
#include "util/base/arena.h"

struct routing {
	const struct routing_config *config;
	struct maps *sender_relayhost, *sender_transport, *transport;
	bool transport_parents;		/* transport_maps stands in parent_domain_matches_subdomains */
};

struct resolving {			/* what lives as long as the process */
	const struct resolver_config *config;
	struct routing routing, verify;
	struct match_list *mydestination, *alias_domains, *mailbox_domains, *relay_domains;
	struct maps *relocated;
	struct own_addresses own;
	int ttl_sec;
};

/* The reply's views live in the arena. */
void	resolve(struct resolving *r, const struct resolve_request *request, struct arena *arena, struct resolve_reply *reply);

#endif
