/* expand: what an address stands for: an alias (aliases(5)), a user, or an address elsewhere. */
#include <errno.h>
#include <pwd.h>

#include "global/address/address.h"
#include "local/deliver.h"
#include "util/log/log.h"

/* -- findings ------------------------------------------------------------------------------------------------------ */

void
local_wait(struct local_delivery *delivery, const char *status, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	if (delivery->wait.status[0] == '\0')
		dsn_set(&delivery->wait, status, "%s", buf_c(&text));
	buf_fini(&text);
}

/* Beyond duplicate_filter_limit nothing more is remembered: mail arrives twice rather than not. */
static bool
is_new(struct local_delivery *delivery, struct view key)
{
	size_t limit = (size_t)delivery->agent->config->duplicate_limit;

	if (hash_get(delivery->seen, key) != NULL)
		return false;
	if (limit == 0 || hash_count(delivery->seen) < limit)
		hash_put(delivery->seen, key, delivery->seen);
	return true;
}

static struct target *
add(struct local_delivery *delivery, enum target_kind kind, const struct step *step, struct view text)
{
	struct target *target = arena_alloc(delivery->arena, sizeof(*target));

	target->kind = kind;
	target->step = step;
	target->text = arena_view(delivery->arena, text);
	list_append(&delivery->targets, &target->link);
	return target;
}

/* The same is wrong with it as before: told once. */
static bool
is_new_problem(struct local_delivery *delivery, const struct step *step, struct view text)
{
	struct buf key = BUF_INIT;
	bool fresh;

	buf_printf(&key, "problem %.*s\n%.*s\n%.*s", VIEW_ARG(delivery->recipient->address), VIEW_ARG(step->address), VIEW_ARG(text));
	fresh = is_new(delivery, buf_view(&key));
	buf_fini(&key);
	return fresh;
}

void
local_problem(struct local_delivery *delivery, const struct step *step, const char *status, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	if (is_new_problem(delivery, step, buf_view(&text)))
		add(delivery, TARGET_PROBLEM, step, buf_view(&text))->status = status;
	buf_fini(&text);
}

struct target *
local_add(struct local_delivery *delivery, enum target_kind kind, const struct step *step, struct view text, struct view key)
{
	struct target *target;

	if (!is_new(delivery, key))
		return NULL;
	target = add(delivery, kind, step, text);
	target->user = step->user;
	target->as = step->as;
	return target;
}

bool
local_may_expand(struct local_delivery *delivery, const struct step *step)
{
	if (delivery->expansions++ == EXPANSIONS_MAX)
		local_problem(delivery, step, "5.4.6", "more than %d members", EXPANSIONS_MAX);
	return delivery->expansions <= EXPANSIONS_MAX;
}

struct identity
local_rights(struct local_delivery *delivery, uid_t uid)
{
	const struct passwd *owner;

	errno = 0;
	owner = uid != 0 ? getpwuid(uid) : NULL;
	if (owner == NULL && local_lookup_failed(errno))
		local_wait(delivery, "4.3.0", "cannot look up the owner of a list, uid %ld", (long)uid);
	if (owner == NULL)
		return delivery->agent->default_privs;
	return (struct identity){ .uid = owner->pw_uid, .gid = owner->pw_gid };
}

/* -- steps --------------------------------------------------------------------------------------------------------- */

static void
split(const struct local_delivery *delivery, struct step *step)
{
	const struct local_config *config = delivery->agent->config;
	struct buf folded = BUF_INIT;
	struct view local = step->address;

	step->domain = VIEW_EMPTY;
	address_split(step->address, &local, &step->domain);
	buf_putv(&folded, local);
	buf_lower(&folded);
	step->local = step->name = arena_view(delivery->arena, buf_view(&folded));
	if (address_split_extension(step->local, config->recipient_delimiter, config->owner_request_special, &step->name,
	    &step->extension))
		step->delimiter = step->local.data[step->name.len];
	buf_fini(&folded);
}

static struct step *
step_new(struct local_delivery *delivery, const struct step *above, struct view address)
{
	struct step *step = arena_alloc(delivery->arena, sizeof(*step));

	if (above != NULL)
		*step = *above;
	else
		*step = (struct step){ .sender = delivery->request->sender, .as = delivery->agent->default_privs };
	step->above = above;
	step->depth = above != NULL ? above->depth + 1 : 0;
	step->alias = step->extension = step->unmatched = VIEW_EMPTY;
	step->forward_of = NULL;
	step->delimiter = '\0';
	step->address = arena_view(delivery->arena, address);
	split(delivery, step);
	return step;
}

/* An alias that is a member of itself means the user of that name. */
static bool
under_way(const struct step *step, struct view alias)
{
	for (step = step->above; step != NULL; step = step->above)
		if (!view_empty(step->alias) && view_equal(step->alias, alias))
			return true;
	return false;
}

/* -- the alias table ----------------------------------------------------------------------------------------------- */

/* Keys are stored in quoted form; older tables have them unquoted. */
static enum lookup
alias_lookup(struct local_delivery *delivery, struct view name, struct buf *value, struct table **table)
{
	struct buf quoted = BUF_INIT;
	enum lookup found;

	identity_restore();
	address_quote(&quoted, name);
	found = maps_lookup(delivery->agent->aliases, buf_view(&quoted), false, value, table);
	if (found == LOOKUP_NONE && !view_equal(buf_view(&quoted), name))
		found = maps_lookup(delivery->agent->aliases, name, false, value, table);
	buf_fini(&quoted);
	return found;
}

/* The local part as it stands, then without its extension. */
static enum lookup
find_alias(struct local_delivery *delivery, struct step *step, struct buf *value, struct table **table)
{
	struct view whole = view_bytes(step->name.data, step->name.len +
	    (step->delimiter != '\0' ? 1 + step->extension.len : 0));
	enum lookup found = LOOKUP_NONE;

	if (!under_way(step, whole))
		found = alias_lookup(delivery, whole, value, table);
	step->alias = whole;
	if (found == LOOKUP_NONE && step->delimiter != '\0' && !under_way(step, step->name)) {
		found = alias_lookup(delivery, step->name, value, table);
		step->alias = step->name;
		step->unmatched = view_slice(whole, step->name.len, whole.len);
	}
	if (found != LOOKUP_FOUND)
		step->alias = step->unmatched = VIEW_EMPTY;
	return found;
}

/* The one address that owner-NAME stands for, or owner-NAME itself. */
static void
set_sender(struct local_delivery *delivery, struct step *step, struct buf *owner, struct view value)
{
	bool one = view_find_any(value, ", :|/\"") < 0 && !view_empty(value);

	if (delivery->agent->config->expand_owner_alias && one)
		buf_set(owner, value);
	if (view_find(buf_view(owner), '@') < 0)
		buf_printf(owner, "@%.*s", VIEW_ARG(step->domain));
	if (!view_empty(step->sender))		/* bounces stay bounces */
		step->sender = arena_view(delivery->arena, buf_view(owner));
}

/*
 * owner-NAME beside NAME: problems are reported there, and members go to a queue file of their own, so that one that
 * must wait does not hold up the others (LV9). A list in the list keeps that.
 */
static void
take_owner(struct local_delivery *delivery, struct step *step)
{
	struct buf owner = BUF_INIT, value = BUF_INIT;
	enum lookup found = LOOKUP_NONE;

	buf_printf(&owner, "owner-%.*s", VIEW_ARG(step->alias));
	if (!view_starts(step->alias, VIEW("owner-")))
		found = alias_lookup(delivery, buf_view(&owner), &value, NULL);
	if (found == LOOKUP_RETRY)
		local_wait(delivery, "4.3.0", "alias database unavailable");
	else if (found == LOOKUP_FOUND)
		set_sender(delivery, step, &owner, buf_view(&value));
	step->owned = found == LOOKUP_FOUND || (step->owned && !delivery->agent->config->reset_owner_alias);
	buf_fini(&value);
	buf_fini(&owner);
}

/* What is in a table is done with the rights of its owner (LV15). */
static void
take_table_owner(struct local_delivery *delivery, struct step *step, const struct table *table)
{
	bool trusted = false;
	uid_t uid = table_owner(table, &trusted);

	step->origin = LOCAL_ALIAS;
	step->user = NULL;
	step->as = trusted ? local_rights(delivery, uid) : delivery->agent->default_privs;
	step->named_by_root = trusted && uid == 0;
}

static void
expand_alias(struct local_delivery *delivery, struct step *step, const struct table *table, struct view value)
{
	if (delivery->request->flags & TRACE_PROBE) {		/* who stands for others is good, whatever they are */
		local_problem(delivery, step, "2.0.0", "aliased to %.*s", VIEW_ARG(value));
		return;
	}
	delivery->expanded = true;
	take_owner(delivery, step);
	take_table_owner(delivery, step, table);
	if (!(delivery->agent->propagate & LOCAL_ALIAS))
		step->unmatched = VIEW_EMPTY;
	if (local_members(delivery, step, value, false) == 0)
		local_problem(delivery, step, "5.3.5", "alias \"%.*s\" has no members", VIEW_ARG(step->alias));
}

/* -- addresses ----------------------------------------------------------------------------------------------------- */

static void
expand_local(struct local_delivery *delivery, struct step *step, bool aliases)
{
	enum lookup found = LOOKUP_NONE;
	struct buf value = BUF_INIT;
	struct table *table = NULL;

	if (aliases && !maps_empty(delivery->agent->aliases))
		found = find_alias(delivery, step, &value, &table);
	if (found == LOOKUP_RETRY)
		local_wait(delivery, "4.3.0", "alias database unavailable");
	else if (found == LOOKUP_FOUND)
		expand_alias(delivery, step, table, buf_view(&value));
	else
		local_user(delivery, step, !aliases);
	buf_fini(&value);
}

/* False: said already. */
static bool
is_local(struct local_delivery *delivery, const struct step *step, bool *local)
{
	struct resolve_request request = { .sender = step->sender, .address = step->address };
	struct resolve_reply reply;

	identity_restore();
	resolve_query(delivery->agent->resolver, &request, &reply);
	if (reply.flags & RESOLVE_FLAG_FAIL) {
		local_wait(delivery, "4.3.0", "address resolver failure");
		return false;
	}
	if (reply.flags & RESOLVE_FLAG_ERROR) {
		local_problem(delivery, step, "5.1.3", "bad address syntax");
		return false;
	}
	*local = reply.domain_class == RESOLVE_LOCAL && view_is(reply.transport, delivery->agent->service);
	return true;
}

/* One new message for all forwards of a sender; here each address once. */
static void
add_forward(struct local_delivery *delivery, const struct step *step)
{
	struct buf key = BUF_INIT;

	buf_printf(&key, "forward %.*s\n%.*s", VIEW_ARG(step->sender), VIEW_ARG(step->address));
	local_add(delivery, TARGET_FORWARD, step, step->address, buf_view(&key));
	buf_fini(&key);
}

void
local_expand_member(struct local_delivery *delivery, const struct step *above, struct view address, bool aliases)
{
	struct step *step;
	bool local;

	if (!local_may_expand(delivery, above))
		return;
	step = step_new(delivery, above, address);
	if (step->depth > EXPANSION_DEPTH_MAX) {
		local_problem(delivery, step, "5.4.6", "alias, include or forward file nesting is too deep");
	} else if (is_local(delivery, step, &local)) {
		if (local)
			expand_local(delivery, step, aliases);
		else
			add_forward(delivery, step);
	}
}

void
local_expand(struct local_delivery *delivery, struct view address)
{
	expand_local(delivery, step_new(delivery, NULL, address), true);
}
