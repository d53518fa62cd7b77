#include "smtpd/access/lookup.h"

#include "global/address/mail_maps.h"

enum lookup
lookup_domain(const struct access *access, struct maps *maps, struct view name, struct buf *value)
{
	enum lookup found = maps_lookup(maps, name, false, value, NULL);
	struct view rest = name;
	ptrdiff_t dot;

	while (found == LOOKUP_NONE && (dot = view_find(view_slice(rest, 1, rest.len), '.')) >= 0) {
		rest = view_slice(rest, (size_t)dot + 1, rest.len);	/* now ".parent" */
		found = maps_lookup(maps, access->parent_dots ? rest : view_slice(rest, 1, rest.len), true, value, NULL);
	}
	return found;
}

/* "192.0.2.1", "192.0.2", "192.0", "192"; IPv6 likewise at its colons */
enum lookup
lookup_network(struct maps *maps, struct view address, struct buf *value)
{
	char divider = view_find(address, ':') >= 0 ? ':' : '.';
	enum lookup found = maps_lookup(maps, address, false, value, NULL);
	ptrdiff_t at;

	while (found == LOOKUP_NONE && (at = view_rfind(address, divider)) > 0) {
		address = view_slice(address, 0, (size_t)at);
		if (address.data[address.len - 1] != divider)
			found = maps_lookup(maps, address, true, value, NULL);
	}
	return found;
}

enum lookup
lookup_address(const struct access *access, struct maps *maps, struct view internal, struct buf *value)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_DOMAIN | ADDRESS_KEY_USER_AT
	    | (access->parent_dots ? ADDRESS_PARENT_DOT : 0);

	return mail_maps_lookup(maps, internal, access->config.recipient_delimiter, keys, false, value, NULL, NULL);
}
