/* address: completion, canonical tables and masquerading, in this order, for one address. */
#include "cleanup/message.h"
#include "global/address/address.h"

enum lookup
address_is_local(const struct cleanup *cleanup, struct view internal)
{
	struct view local, domain;

	if (!address_split(internal, &local, &domain) || view_is_nocase(domain, cleanup->config->rewrite.myorigin)
	    || own_literal(&cleanup->own, cleanup->config->proxy_interfaces, domain))
		return LOOKUP_FOUND;
	return match_list_string(cleanup->mydestination, domain);
}

bool
address_map(struct message *m, enum rewrite_context context, unsigned address_class, struct view in, struct buf *out)
{
	const struct cleanup *cleanup = m->cleanup;

	rewrite_address(&cleanup->config->rewrite, context, in, out);
	if (out->len == 0 || !(m->flags & CLEANUP_MAP_CANONICAL))
		return true;
	if (!canonical_map(m, address_class, out))
		return false;
	if (cleanup->masquerade_classes & address_class)
		masquerade(cleanup->config, out);
	return true;
}
