/* config: what the resolver reads from main.cf. */
#ifndef TRIVIAL_REWRITE_CONFIG_H
#define TRIVIAL_REWRITE_CONFIG_H

#include "global/config/config.h"
#include "global/rewrite/rewrite.h"

/* Where mail goes; one set for deliveries, one for address verification. */
struct routing_config {
	const char *local_transport, *virtual_transport, *relay_transport, *default_transport, *relayhost;
	const char *sender_relayhost_maps, *sender_transport_maps, *transport_maps;
};

struct resolver_config {
	struct rewrite_rules rewrite;
	struct routing_config routing, verify;
	const char *myhostname, *mydestination, *proxy_interfaces;
	const char *virtual_alias_domains, *virtual_mailbox_domains, *relay_domains, *relocated_maps;
	const char *parent_domains, *recipient_delimiter;
	const char *error_service, *null_relayhost_key, *null_transport_key;
	bool allow_min_user, null_domain, numeric_domain, relocated_prefix, show_table_name;
};

extern const struct binding resolver_bindings[];

#endif
