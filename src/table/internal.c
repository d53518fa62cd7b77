#include "table/memory.h"
#include "table/types.h"

/* internal: pairs that live as long as the process that put them in. */

static void
internal_close(void *state)
{
	memory_free(state);
}

static void *
internal_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	traits->owner_trusted = true;
	return memory_new();
}

static enum lookup
internal_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	return memory_get(state, key, value);
}

static bool
internal_update(void *state, struct view key, struct view value, struct buf *why)
{
	return memory_put(state, key, value, true);
}

static enum lookup
internal_remove(void *state, struct view key, struct buf *why)
{
	return memory_remove(state, key) ? LOOKUP_FOUND : LOOKUP_NONE;
}

static enum lookup
internal_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	return memory_next(state, restart, key, value);
}

static const struct table_ops ops = {
	.lookup = internal_lookup,
	.update = internal_update,
	.remove = internal_remove,
	.next = internal_next,
	.close = internal_close,
};

const struct table_type table_internal = { "internal", &ops, internal_open, false };
