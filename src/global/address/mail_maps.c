#include "global/address/mail_maps.h"

#include "global/address/address.h"

/* The parts that keys are made of. */
struct parts {
	struct view whole, local, domain;
	struct view user, extension;		/* extension: with its delimiter; empty when there is none */
};

enum form { FORM_USER_DOMAIN, FORM_DOMAIN, FORM_LOCAL, FORM_USER, FORM_LOCAL_AT, FORM_USER_AT, FORM_AT_DOMAIN };

/* In the order of asking. */
static const struct key {
	enum form form;
	unsigned keys;		/* any of these asks for it */
	bool lacks_extension;	/* only for addresses that have one, where it differs from the row above */
} keys_in_order[] = {
	{ FORM_USER_DOMAIN, ADDRESS_KEY_FULL,                                 true },
	{ FORM_DOMAIN,      ADDRESS_KEY_DOMAIN,                               false },
	{ FORM_LOCAL,       ADDRESS_KEY_USER | ADDRESS_KEY_USER_ALWAYS,       false },
	{ FORM_USER,        ADDRESS_KEY_USER | ADDRESS_KEY_USER_ALWAYS,       true },
	{ FORM_LOCAL_AT,    ADDRESS_KEY_USER_AT,                              false },
	{ FORM_USER_AT,     ADDRESS_KEY_USER_AT,                              true },
	{ FORM_AT_DOMAIN,   ADDRESS_KEY_AT_DOMAIN,                            false },
};

static void
split(struct view internal, const char *delimiters, bool owner_request_special, struct parts *parts)
{
	struct view extension;

	*parts = (struct parts){ .whole = internal };
	if (!address_split(internal, &parts->local, &parts->domain))
		parts->local = internal;
	parts->user = parts->local;
	if (address_split_extension(parts->local, delimiters, owner_request_special, &parts->user, &extension))
		parts->extension = view_slice(parts->local, parts->user.len, parts->local.len);
}

static void
put_quoted(struct buf *out, struct view local, struct view domain)
{
	struct buf internal = BUF_INIT;

	/* The domain is always put, so that an '@' inside the local part cannot be taken for the divider. */
	buf_putv(&internal, local);
	buf_putc(&internal, '@');
	buf_putv(&internal, domain);
	address_quote(out, buf_view(&internal));
	buf_fini(&internal);
}

static void
put_key(struct buf *out, enum form form, const struct parts *parts)
{
	bool local_only = form == FORM_LOCAL || form == FORM_USER;
	bool bare = form == FORM_USER || form == FORM_USER_AT || form == FORM_USER_DOMAIN;

	if (form == FORM_DOMAIN || form == FORM_AT_DOMAIN) {
		if (form == FORM_AT_DOMAIN)
			buf_putc(out, '@');
		buf_putv(out, parts->domain);
		return;
	}
	put_quoted(out, bare ? parts->user : parts->local, form == FORM_USER_DOMAIN ? parts->domain : VIEW_EMPTY);
	if (local_only)
		buf_truncate(out, out->len - 1);
}

/* The parents of a domain, each as "domain" or ".domain". */
static enum lookup
ask_parents(struct maps *maps, struct view domain, bool dotted, struct buf *value, struct table **winner)
{
	enum lookup result = LOOKUP_NONE;
	struct view below, parent;

	if (domain.len == 0 || domain.data[0] == '[')
		return LOOKUP_NONE;
	while (result == LOOKUP_NONE && view_split(domain, '.', &below, &parent) && parent.len > 0) {
		domain = parent;
		result = maps_lookup(maps, dotted ? view_bytes(parent.data - 1, parent.len + 1) : parent, true, value, winner);
	}
	return result;
}

static enum lookup
ask(struct maps *maps, const struct key *key, const struct parts *parts, unsigned keys, struct buf *value,
    struct table **winner)
{
	struct buf text = BUF_INIT;
	enum lookup result;

	put_key(&text, key->form, parts);
	result = maps_lookup(maps, buf_view(&text), true, value, winner);
	buf_fini(&text);
	if (result == LOOKUP_NONE && key->form == FORM_DOMAIN)
		result = ask_parents(maps, parts->domain, (keys & ADDRESS_PARENT_DOT) != 0, value, winner);
	return result;
}

static bool
wanted(const struct key *key, const struct parts *parts, unsigned keys, bool is_local)
{
	if (!is_local)
		keys &= ~(unsigned)ADDRESS_KEY_USER;
	if ((key->keys & keys) == 0 || (key->lacks_extension && parts->extension.len == 0))
		return false;
	if (key->form == FORM_DOMAIN || key->form == FORM_AT_DOMAIN || key->form == FORM_USER_DOMAIN)
		return parts->domain.len > 0;
	return parts->local.len > 0;
}

static enum lookup
ask_whole(struct maps *maps, const struct parts *parts, unsigned keys, struct buf *value, struct table **winner)
{
	struct buf text = BUF_INIT;
	enum lookup result;

	if ((keys & ADDRESS_KEY_FULL) == 0)
		return LOOKUP_NONE;
	address_quote(&text, parts->whole);
	result = maps_lookup(maps, buf_view(&text), false, value, winner);
	buf_fini(&text);
	return result;
}

/* The first of the keys behind the whole address goes along with it, where that saves a question. */
static void
announce_next(struct maps *maps, const struct parts *parts, unsigned keys, bool is_local)
{
	struct buf text = BUF_INIT;
	size_t i = 0;

	while (i < ARRAY_COUNT(keys_in_order) && !wanted(&keys_in_order[i], parts, keys, is_local))
		i++;
	if (i == ARRAY_COUNT(keys_in_order))
		return;
	put_key(&text, keys_in_order[i].form, parts);
	maps_announce(maps, buf_view(&text));
	buf_fini(&text);
}

enum lookup
mail_maps_lookup(struct maps *maps, struct view internal, const char *delimiters, unsigned keys, bool is_local,
    struct buf *value, struct buf *extension, struct table **winner)
{
	enum lookup result;
	struct parts parts;
	bool unmatched = false;

	split(internal, delimiters, (keys & ADDRESS_SPLIT_OWNER) == 0, &parts);
	if ((keys & ADDRESS_KEY_FULL) != 0 && maps_wants_announcements(maps))
		announce_next(maps, &parts, keys, is_local);
	result = ask_whole(maps, &parts, keys, value, winner);
	for (size_t i = 0; i < ARRAY_COUNT(keys_in_order) && result == LOOKUP_NONE; i++) {
		const struct key *key = &keys_in_order[i];

		if (!wanted(key, &parts, keys, is_local))
			continue;
		result = ask(maps, key, &parts, keys, value, winner);
		unmatched = key->form != FORM_LOCAL && key->form != FORM_LOCAL_AT;
	}
	if (extension == NULL)
		return result;
	buf_reset(extension);
	if (result == LOOKUP_FOUND && unmatched && value->data[0] != '@')
		buf_putv(extension, parts.extension);
	return result;
}
