/* canonical: address tables applied once to each address, the ones for its role first. */
#include "cleanup/message.h"
#include "global/address/address.h"
#include "global/address/mail_maps.h"
#include "global/message/address_list.h"
#include "util/log/log.h"

/* The first address of a table's result, completed; "@domain" keeps the local part, an extension is put back. */
static void
apply(struct message *m, struct view value, struct view extension, struct buf *address)
{
	struct arena arena = ARENA_INIT;
	struct address_list list;
	struct address_item item;
	struct buf fresh = BUF_INIT;
	struct view local = VIEW_EMPTY, domain;

	address_list_init(&list, value, 100, &arena);
	if (!address_list_next(&list, &item) || item.internal.len == 0)
		goto out;
	if (item.internal.data[0] == '@' && address_split(buf_view(address), &local, &domain))
		buf_putv(&fresh, local);
	buf_putv(&fresh, item.internal);
	if (extension.len > 0 && m->cleanup->propagate_canonical)
		buf_insert(&fresh, address_split(buf_view(&fresh), &local, &domain) ? local.len : fresh.len, extension);
	rewrite_address(&m->cleanup->config->rewrite, REWRITE_LOCAL, buf_view(&fresh), address);
out:
	buf_fini(&fresh);
	arena_fini(&arena);
}

static bool
lookup(struct message *m, struct maps *maps, struct buf *address)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_USER | ADDRESS_KEY_AT_DOMAIN;
	struct buf value = BUF_INIT, extension = BUF_INIT;
	enum lookup local = address_is_local(m->cleanup, buf_view(address)), result = LOOKUP_RETRY;

	if (local != LOOKUP_RETRY)
		result = mail_maps_lookup(maps, buf_view(address), m->cleanup->config->recipient_delimiter, keys,
		    local == LOOKUP_FOUND, &value, &extension, NULL);
	if (result == LOOKUP_FOUND)
		apply(m, buf_view(&value), buf_view(&extension), address);
	else if (result == LOOKUP_RETRY) {
		log_warn("%s: canonical map lookup problem -- message not accepted, try again later", buf_c(&m->id));
		message_fail(m, CLEANUP_WRITE, NULL);
	}
	buf_fini(&value);
	buf_fini(&extension);
	return result != LOOKUP_RETRY;
}

bool
canonical_map(struct message *m, unsigned address_class, struct buf *address)
{
	const struct cleanup *c = m->cleanup;
	const struct {
		struct maps *maps;
		unsigned classes, roles;
	} steps[] = {
		{ c->sender_canonical, c->sender_canonical_classes, CLASS_ENVELOPE_SENDER | CLASS_HEADER_SENDER },
		{ c->recipient_canonical, c->recipient_canonical_classes, CLASS_ENVELOPE_RECIPIENT | CLASS_HEADER_RECIPIENT },
		{ c->canonical, c->canonical_classes, ~0u },
	};

	for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
		if (maps_empty(steps[i].maps) || !(steps[i].classes & steps[i].roles & address_class))
			continue;
		if (!lookup(m, steps[i].maps, address))
			return false;
	}
	return true;
}
