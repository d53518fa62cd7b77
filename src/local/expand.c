/* expand: aliases(5): what an address stands for, all the way down. */
#include "global/address/address.h"
#include "local/deliver.h"
#include "util/log/log.h"

static void	expand(struct local_delivery *delivery, struct view address, int depth, bool aliases);

/* A soft problem beats a hard one, so that nothing is bounced that might still be delivered. */
static void
problem(struct local_delivery *delivery, const char *status, const char *text)
{
	if (delivery->failure.status[0] == '\0' || (delivery->failure.status[0] == '5' && status[0] == '4'))
		dsn_set(&delivery->failure, status, "%s", text);
}

static bool
known(const struct list *targets, struct view key, bool user)
{
	LIST_FOREACH(target, targets, struct target, link)
		if (view_equal(user ? target->user : target->address, key))
			return true;
	return false;
}

static void
add(struct local_delivery *delivery, struct list *targets, struct view address, struct view user)
{
	struct target *target;

	if (known(targets, view_empty(user) ? address : user, !view_empty(user)))
		return;
	target = arena_alloc(delivery->arena, sizeof(*target));
	target->address = arena_view(delivery->arena, address);
	target->user = arena_view(delivery->arena, user);
	list_append(targets, &target->link);
}

/* -- the alias table ------------------------------------------------------------------------------------------------------ */

/* Keys are stored in quoted form; older tables have them unquoted. */
static enum lookup
alias_lookup(struct local_delivery *delivery, struct view name, struct buf *value)
{
	struct buf quoted = BUF_INIT;
	enum lookup found;

	address_quote(&quoted, name);
	found = maps_lookup(delivery->agent->aliases, buf_view(&quoted), false, value, NULL);
	if (found == LOOKUP_NONE && !view_equal(buf_view(&quoted), name))
		found = maps_lookup(delivery->agent->aliases, name, false, value, NULL);
	buf_fini(&quoted);
	return found;
}

/* owner-NAME beside NAME: problems are reported there. */
static void
take_owner(struct local_delivery *delivery, struct view name, struct view domain)
{
	struct buf owner = BUF_INIT, value = BUF_INIT;
	enum lookup found = LOOKUP_NONE;

	buf_printf(&owner, "owner-%.*s", VIEW_ARG(name));
	if (!view_starts_nocase(name, VIEW("owner-")))
		found = alias_lookup(delivery, buf_view(&owner), &value);
	if (found == LOOKUP_RETRY)
		problem(delivery, "4.3.0", "alias database unavailable");
	if (found == LOOKUP_FOUND) {
		if (delivery->agent->config->expand_owner_alias && view_find_any(buf_view(&value), ", :|/\"") < 0)
			buf_swap(&owner, &value);
		if (view_find(buf_view(&owner), '@') < 0)
			buf_printf(&owner, "@%.*s", VIEW_ARG(domain));
		delivery->sender = arena_view(delivery->arena, buf_view(&owner));
	}
	buf_fini(&value);
	buf_fini(&owner);
}

static bool
is_special(struct view item)
{
	return item.data[0] == '|' || item.data[0] == '/' || view_starts(item, VIEW("\"|")) || view_starts(item, VIEW("\"/")) ||
	    view_starts_nocase(item, VIEW(":include:"));
}

/* One member of an alias. TODO: commands, files and :include: lists; until then their mail waits. */
static void
member(struct local_delivery *delivery, struct view item, struct view domain, int depth)
{
	struct buf internal = BUF_INIT, full = BUF_INIT;
	bool aliases = true;

	item = view_trim(item);
	if (item.len > 0 && item.data[0] == '\\') {	/* \user: no further alias */
		aliases = false;
		item = view_slice(item, 1, item.len);
	}
	if (item.len == 0)
		return;
	if (is_special(item)) {
		log_warn("alias member %.*s: delivery to commands, files and :include: lists is not available", VIEW_ARG(item));
		problem(delivery, "4.3.5", "alias member needs a way of delivery that is not available");
		return;
	}
	if (!address_unquote(&internal, item))
		buf_set(&internal, item);
	if (view_find(buf_view(&internal), '@') < 0)
		buf_printf(&internal, "@%.*s", VIEW_ARG(domain));
	rewrite_address(&delivery->agent->rewrite, REWRITE_LOCAL, buf_view(&internal), &full);
	expand(delivery, buf_view(&full), depth + 1, aliases);
	buf_fini(&full);
	buf_fini(&internal);
}

/* Where a member ends: a comma outside of quotes. */
static size_t
member_length(struct view list)
{
	bool quoted = false;

	for (size_t i = 0; i < list.len; i++) {
		if (list.data[i] == '\\' && quoted)
			i++;
		else if (list.data[i] == '"')
			quoted = !quoted;
		else if (list.data[i] == ',' && !quoted)
			return i;
	}
	return list.len;
}

static void
members(struct local_delivery *delivery, struct view list, struct view domain, int depth)
{
	while (list.len > 0) {
		size_t end = member_length(list);

		member(delivery, view_slice(list, 0, end), domain, depth);
		list = view_slice(list, end + 1, list.len);
	}
}

/* -- addresses -------------------------------------------------------------------------------------------------------------- */

static bool
is_local(struct local_delivery *delivery, struct view address, bool *local)
{
	struct resolve_request request = { .sender = delivery->sender, .address = address };
	struct resolve_reply reply;

	resolve_query(delivery->agent->resolver, &request, &reply);
	if (reply.flags & RESOLVE_FLAG_FAIL) {
		problem(delivery, "4.3.0", "address resolver failure");
		return false;
	}
	if (reply.flags & RESOLVE_FLAG_ERROR) {
		problem(delivery, "5.1.3", "bad address syntax");
		return false;
	}
	*local = reply.domain_class == RESOLVE_LOCAL && view_is(reply.transport, "local");
	return true;
}

/* The local part as it stands, then without its extension. */
static enum lookup
find_alias(struct local_delivery *delivery, struct view local, struct view user, struct buf *value, struct view *name)
{
	enum lookup found = alias_lookup(delivery, local, value);

	*name = local;
	if (found == LOOKUP_NONE && !view_equal(local, user)) {
		*name = user;
		found = alias_lookup(delivery, user, value);
	}
	return found;
}

static void
expand_local(struct local_delivery *delivery, struct view address, int depth, bool aliases)
{
	const struct local_config *config = delivery->agent->config;
	struct view local = address, domain = VIEW_EMPTY, user, extension, name;
	struct buf folded = BUF_INIT, value = BUF_INIT;
	enum lookup found = LOOKUP_NONE;

	address_split(address, &local, &domain);
	buf_set(&folded, local);
	buf_lower(&folded);
	user = buf_view(&folded);
	address_split_extension(buf_view(&folded), config->recipient_delimiter, config->owner_request_special, &user, &extension);
	if (aliases && !maps_empty(delivery->agent->aliases))
		found = find_alias(delivery, buf_view(&folded), user, &value, &name);
	if (found == LOOKUP_RETRY) {
		problem(delivery, "4.3.0", "alias database unavailable");
	} else if (found == LOOKUP_FOUND) {
		take_owner(delivery, name, domain);
		members(delivery, buf_view(&value), domain, depth);
	} else {
		add(delivery, &delivery->users, address, user);
	}
	buf_fini(&value);
	buf_fini(&folded);
}

static void
expand(struct local_delivery *delivery, struct view address, int depth, bool aliases)
{
	struct view copy = arena_view(delivery->arena, address);
	bool local = true;

	if (depth > EXPANSION_DEPTH_MAX) {
		problem(delivery, "5.4.6", "possible alias database loop");
	} else if (depth == 0 || is_local(delivery, copy, &local)) {
		if (local)
			expand_local(delivery, copy, depth, aliases);
		else
			add(delivery, &delivery->forwards, copy, VIEW_EMPTY);
	}
}

void
local_expand(struct local_delivery *delivery, struct view address)
{
	expand(delivery, address, 0, true);
}
