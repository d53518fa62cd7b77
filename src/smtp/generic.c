#include "smtp/generic.h"

#include "global/address/address.h"
#include "global/address/mail_maps.h"
#include "global/message/address_list.h"
#include "util/text/words.h"

/* "@domain" keeps the local part; an extension that the table did not know is put back. */
static void
apply(const struct client *client, struct view address, struct view value, struct view extension, struct buf *out)
{
	struct buf fresh = BUF_INIT;
	struct view local, domain;

	if (value.len > 0 && value.data[0] == '@' && address_split(address, &local, &domain)) {
		buf_putv(&fresh, local);
		buf_putv(&fresh, value);
	} else if (!address_unquote(&fresh, value)) {
		buf_set(&fresh, value);
	}
	if (!view_empty(extension) && words_contain(view_string(client->config->propagate_extensions), VIEW("generic")) &&
	    address_split(buf_view(&fresh), &local, &domain)) {
		buf_insert(&fresh, local.len, extension);
		buf_insert(&fresh, local.len, view_slice(view_string(client->config->recipient_delimiter), 0, 1));
	}
	buf_set(out, buf_view(&fresh));
	buf_fini(&fresh);
}

/* Users of such domains may stand in the table without one. */
static enum lookup
is_local(const struct client *client, struct view address)
{
	struct view local, domain;

	if (!address_split(address, &local, &domain) || view_is_nocase(domain, client->config->myorigin) ||
	    own_literal(&client->own, client->config->proxy_interfaces, domain))
		return LOOKUP_FOUND;
	return match_list_string(client->mydestination, domain);
}

static enum lookup
lookup(const struct client *client, struct view address, struct buf *value, struct buf *extension)
{
	enum lookup local;

	if (client->generic == NULL || view_empty(address))
		return LOOKUP_NONE;
	if ((local = is_local(client, address)) == LOOKUP_RETRY)
		return LOOKUP_RETRY;
	return mail_maps_lookup(client->generic, address, client->config->recipient_delimiter,
	    ADDRESS_KEY_FULL | ADDRESS_KEY_USER | ADDRESS_KEY_AT_DOMAIN, local == LOOKUP_FOUND, value, extension, NULL);
}

bool
generic_map(const struct client *client, struct view address, struct buf *out)
{
	struct buf value = BUF_INIT, extension = BUF_INIT;
	enum lookup found = lookup(client, address, &value, &extension);

	if (found == LOOKUP_FOUND)
		apply(client, address, buf_view(&value), buf_view(&extension), out);
	else
		buf_set(out, address);
	buf_fini(&extension);
	buf_fini(&value);
	return found != LOOKUP_RETRY;
}

struct mapping {
	const struct client *client;
	bool failed;
};

static void
map_one(void *arg, struct view internal, struct buf *out)
{
	struct mapping *mapping = arg;
	struct buf fresh = BUF_INIT;

	if (!generic_map(mapping->client, internal, &fresh))
		mapping->failed = true;
	buf_putv(out, buf_view(&fresh));
	buf_fini(&fresh);
}

bool
generic_map_header(const struct client *client, struct view field, struct buf *out, bool *failed)
{
	struct mapping mapping = { client, false };
	size_t colon = (size_t)view_find(field, ':') + 1;
	bool changed;

	changed = address_list_rewrite(view_slice(field, colon, field.len), (size_t)client->config->header_token_max,
	    map_one, &mapping, out);
	if (changed)
		buf_insert(out, 0, view_slice(field, 0, colon));
	*failed = *failed || mapping.failed;
	return changed;
}
