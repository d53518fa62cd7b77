#include "table/aggregate.h"
#include "table/types.h"

/* unionmap: `{t1, t2, …}`: all results, joined by comma. One table that cannot be asked makes the whole unknown. */

static void *
unionmap_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct aggregate *a = aggregate_open("unionmap", env, name, flags, traits, why);

	traits->kind = TABLE_PATTERN;
	for (size_t i = 0; a != NULL && i < a->count; i++)
		if (table_kind(a->members[i]) == TABLE_FIXED)
			traits->kind = TABLE_FIXED;
	return a;
}

static enum lookup
unionmap_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct aggregate *a = state;
	struct buf one = BUF_INIT;
	enum lookup result = LOOKUP_NONE, found = LOOKUP_NONE;

	for (size_t i = 0; i < a->count && result != LOOKUP_RETRY; i++) {
		if ((result = aggregate_ask(a, i, key, &one, why)) != LOOKUP_FOUND)
			continue;
		if (found == LOOKUP_FOUND)
			buf_putc(value, ',');
		buf_putv(value, buf_view(&one));
		found = LOOKUP_FOUND;
	}
	buf_fini(&one);
	return result == LOOKUP_RETRY ? LOOKUP_RETRY : found;
}

static const struct table_ops ops = {
	.lookup = unionmap_lookup,
	.changed = aggregate_changed,
	.close = aggregate_close,
	.refused = aggregate_refused,
};

const struct table_type table_unionmap = { "unionmap", &ops, unionmap_open, false };
