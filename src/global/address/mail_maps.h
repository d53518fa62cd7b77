/*
 * mail_maps: lookups of addresses: whole, without extension, by domain and so on, in the order that the manual of each
 * kind of table gives. No caller builds partial keys by hand.
 */
#ifndef GLOBAL_ADDRESS_MAIL_MAPS_H
#define GLOBAL_ADDRESS_MAIL_MAPS_H

#include "table/maps.h"

enum {
	ADDRESS_KEY_FULL	= 1 << 0,	/* user+ext@domain, user@domain */
	ADDRESS_KEY_USER	= 1 << 1,	/* user+ext, user: only when the domain is ours (is_local) */
	ADDRESS_KEY_USER_ALWAYS	= 1 << 2,	/* user+ext, user whatever the domain */
	ADDRESS_KEY_DOMAIN	= 1 << 3,	/* domain, and parents as parent_style says */
	ADDRESS_KEY_AT_DOMAIN	= 1 << 4,	/* @domain */
	ADDRESS_KEY_USER_AT	= 1 << 5,	/* user+ext@, user@ (access tables) */
	ADDRESS_PARENT_DOT	= 1 << 6,	/* parents as .domain, else as domain */
	ADDRESS_SPLIT_OWNER	= 1 << 7,	/* owner-x and x-request have extensions too: owner_request_special = no */
};

/*
 * Keys are asked for in their external (quoted) form. The first one, the whole address, is for all tables; the others
 * only for those that compare whole keys. extension (may be NULL): set to the extension, delimiter included, when the
 * entry that matched lacked it, else emptied; a value "@domain" leaves the user part with its extension alone, so that
 * nothing has to be put back. is_local: the address's domain is one for which bare user keys hold.
 */
enum lookup	mail_maps_lookup(struct maps *maps, struct view internal, const char *delimiters, unsigned keys, bool is_local,
		    struct buf *value, struct buf *extension, struct table **winner);

#endif
