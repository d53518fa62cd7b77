/*
 * virtual_alias: the addresses that one recipient stands for. Expansion goes on with each result until an address maps
 * to itself or to nothing. A breached limit refuses the message for now: no recipient is dropped (CQ11, CQ12).
 */
#include "cleanup/message.h"
#include "global/address/address.h"
#include "global/address/mail_maps.h"
#include "global/message/address_list.h"
#include "util/log/log.h"

/* What is known of an expansion: a list that grows at its end, so that nothing recurses. */
struct expansion {
	struct message *m;
	struct view first;	/* the recipient that is expanded: limits are breached in its name */
	struct view *addresses;
	int *depths;
	size_t count, room;
	struct hash *asked;	/* addresses looked up: a second time they stand for themselves */
};

static bool
refuse(struct expansion *e, const char *parameter)
{
	struct message *m = e->m;

	log_warn("%s: unreasonable %s for %.*s -- message not accepted, try again later", buf_c(&m->id), parameter,
	    VIEW_ARG(e->first));
	message_fail(m, CLEANUP_WRITE, NULL);
	return false;
}

static void
append(struct expansion *e, struct view address, int depth)
{
	if (e->count == e->room) {
		size_t room = e->room == 0 ? 8 : 2 * e->room;
		struct view *addresses = arena_alloc_array(&e->m->arena, room, sizeof(*addresses));
		int *depths = arena_alloc_array(&e->m->arena, room, sizeof(*depths));

		if (e->count > 0) {
			memcpy(addresses, e->addresses, e->count * sizeof(*addresses));
			memcpy(depths, e->depths, e->count * sizeof(*depths));
		}
		e->addresses = addresses;
		e->depths = depths;
		e->room = room;
	}
	e->addresses[e->count] = arena_view(&e->m->arena, address);
	e->depths[e->count++] = depth;
}

/* One address of a result: "@domain" keeps the local part; an extension that was not looked up is put back. */
static void
complete(struct expansion *e, struct view from, struct view item, struct view extension, bool first, struct buf *out)
{
	const struct cleanup *cleanup = e->m->cleanup;
	struct buf fresh = BUF_INIT;
	struct view local, domain;

	if (first && item.len > 0 && item.data[0] == '@' && address_split(from, &local, &domain))
		buf_putv(&fresh, local);
	buf_putv(&fresh, item);
	if (extension.len > 0 && cleanup->propagate_virtual && item.len > 0 && item.data[0] != '@') {
		size_t at = address_split(buf_view(&fresh), &local, &domain) ? local.len : fresh.len;

		buf_insert(&fresh, at, extension);
	}
	rewrite_address(&cleanup->config->rewrite, REWRITE_LOCAL, buf_view(&fresh), out);
	buf_fini(&fresh);
}

/*
 * Puts the results of a lookup in the place of address i: the first there, the others behind the end. An address among
 * its own results is final.
 */
static bool
replace(struct expansion *e, size_t i, struct view value, struct view extension, bool *final)
{
	const struct cleanup_config *config = e->m->cleanup->config;
	struct view from = e->addresses[i];
	struct address_list list;
	struct address_item item;
	struct buf fresh = BUF_INIT;
	size_t n = 0;
	bool ok = true;

	address_list_init(&list, address_list_divide(&e->m->arena, value), (size_t)config->header_token_max, &e->m->arena);
	*final = false;
	for (; ok && address_list_next(&list, &item); n++) {
		complete(e, from, item.internal, extension, n == 0, &fresh);
		if (fresh.len > (size_t)config->alias_length_max)
			ok = refuse(e, "virtual_alias_maps address length");
		else if (e->count >= (size_t)config->alias_expansion_max)
			ok = refuse(e, "virtual_alias_maps map expansion size");
		else if (n == 0) {
			*final = address_equal(buf_view(&fresh), from);
			e->addresses[i] = arena_view(&e->m->arena, buf_view(&fresh));
			e->depths[i]++;
		} else
			append(e, buf_view(&fresh), e->depths[i]);
	}
	if (n == 0)
		*final = true;
	buf_fini(&fresh);
	return ok;
}

static enum lookup
lookup(struct expansion *e, struct view address, struct buf *value, struct buf *extension)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_USER | ADDRESS_KEY_AT_DOMAIN;
	const struct cleanup *cleanup = e->m->cleanup;
	enum lookup local = address_is_local(cleanup, address), result = LOOKUP_RETRY;

	if (local != LOOKUP_RETRY)
		result = mail_maps_lookup(cleanup->virtual_alias, address, cleanup->config->recipient_delimiter, keys,
		    local == LOOKUP_FOUND, value, extension, NULL);
	if (result == LOOKUP_RETRY) {
		log_warn("%s: virtual_alias_maps map lookup problem for %.*s -- message not accepted, try again later",
		    buf_c(&e->m->id), VIEW_ARG(address));
		message_fail(e->m, CLEANUP_WRITE, NULL);
	}
	return result;
}

static bool
first_time(struct expansion *e, struct view address)
{
	return hash_put(e->asked, address, e) == NULL;
}

/* Follows address i until it stays. */
static bool
follow(struct expansion *e, size_t i)
{
	struct buf value = BUF_INIT, extension = BUF_INIT;
	bool final = false, ok = true;
	enum lookup result;

	while (ok && !final && first_time(e, e->addresses[i]) && (result = lookup(e, e->addresses[i], &value, &extension)) != LOOKUP_NONE) {
		if (result == LOOKUP_RETRY)
			ok = false;
		else if (e->depths[i] >= e->m->cleanup->config->alias_recursion_max)
			ok = refuse(e, "virtual_alias_maps map nesting");
		else
			ok = replace(e, i, buf_view(&value), buf_view(&extension), &final);
	}
	buf_fini(&value);
	buf_fini(&extension);
	return ok;
}

bool
virtual_alias_expand(struct message *m, struct view address, struct view **out, size_t *count)
{
	struct expansion e = { .m = m, .first = address, .asked = hash_new() };
	bool ok = true;

	append(&e, address, 0);
	for (size_t i = 0; ok && i < e.count; i++)
		ok = follow(&e, i);
	hash_free(e.asked, NULL);
	*out = e.addresses;
	*count = e.count;
	return ok;
}
