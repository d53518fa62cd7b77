#include "table/types.h"
#include "util/log/log.h"

/* debug: `debug:type:name` is the inner table, and logs all that it is asked. */

static void
debug_close(void *state)
{
	table_close(state);
}

static void *
debug_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct table *inner = table_open(env, view_string(name), flags);

	if (table_broken(inner) != NULL) {
		why_set(why, "%s: %s", table_name(inner), table_broken(inner));
		table_close(inner);
		return NULL;
	}
	traits->transparent = true;
	traits->kind = table_kind(inner);
	traits->stable = table_stable(inner);
	traits->remote = table_is_remote(inner);
	traits->owner = table_owner(inner, &traits->owner_trusted);
	return inner;
}

static void
note(struct table *inner, const char *operation, struct view key, enum lookup result, struct view value)
{
	if (result == LOOKUP_FOUND)
		log_info("%s %s: \"%.*s\" = \"%.*s\"", table_name(inner), operation, VIEW_ARG(key), VIEW_ARG(value));
	else
		log_info("%s %s: \"%.*s\" = %s", table_name(inner), operation, VIEW_ARG(key),
		    result == LOOKUP_NONE ? "(not found)" : "(error)");
}

static enum lookup
debug_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	enum lookup result = table_lookup(state, key, value, why);

	note(state, "lookup", key, result, buf_view(value));
	return result;
}

static bool
debug_update(void *state, struct view key, struct view value, struct buf *why)
{
	bool done = table_update(state, key, value, why);

	note(state, "update", key, done ? LOOKUP_FOUND : LOOKUP_RETRY, value);
	return done;
}

static enum lookup
debug_remove(void *state, struct view key, struct buf *why)
{
	enum lookup result = table_delete(state, key, why);

	note(state, "delete", key, result, VIEW_EMPTY);
	return result;
}

static enum lookup
debug_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	enum lookup result = table_next(state, restart, key, value, why);

	note(state, "sequence", result == LOOKUP_FOUND ? buf_view(key) : VIEW_EMPTY, result, buf_view(value));
	return result;
}

static bool
debug_commit(void *state, struct buf *why)
{
	return table_commit(state, why);
}

static bool
debug_changed(void *state)
{
	return table_changed(state);
}

static bool
debug_refused(void *state)
{
	return table_refused(state);
}

static const struct table_ops ops = {
	.lookup = debug_lookup,
	.update = debug_update,
	.remove = debug_remove,
	.next = debug_next,
	.commit = debug_commit,
	.changed = debug_changed,
	.close = debug_close,
	.refused = debug_refused,
};

const struct table_type table_debug = { "debug", &ops, debug_open, false };
