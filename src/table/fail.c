#include "table/types.h"

/* fail: nobody can ever be asked. For tests of what happens then. */

static void *
fail_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	traits->kind = TABLE_PATTERN;
	traits->owner_trusted = true;
	return mem_string(name);
}

static enum lookup
always(void *state, struct buf *why)
{
	why_set(why, "fail:%s: this table always fails", (const char *)state);
	return LOOKUP_RETRY;
}

static enum lookup
fail_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	return always(state, why);
}

static bool
fail_update(void *state, struct view key, struct view value, struct buf *why)
{
	always(state, why);
	return false;
}

static enum lookup
fail_remove(void *state, struct view key, struct buf *why)
{
	return always(state, why);
}

static enum lookup
fail_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	return always(state, why);
}

static const struct table_ops ops = {
	.lookup = fail_lookup,
	.update = fail_update,
	.remove = fail_remove,
	.next = fail_next,
	.close = mem_free,
};

const struct table_type table_fail = { "fail", &ops, fail_open, true };
