#include "table/aggregate.h"
#include "table/types.h"

/* pipemap: `{t1, t2, …}`: what one table finds is the key for the next. */

static void *
pipemap_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct aggregate *a = aggregate_open("pipemap", env, name, flags, traits, why);

	if (a != NULL)
		traits->kind = table_kind(a->members[0]);	/* only the first one sees what the caller asks for */
	return a;
}

static enum lookup
pipemap_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct aggregate *a = state;
	struct buf query = BUF_INIT;
	enum lookup result = LOOKUP_FOUND;

	buf_putv(&query, key);
	for (size_t i = 0; i < a->count && result == LOOKUP_FOUND; i++) {
		result = aggregate_ask(a, i, buf_view(&query), value, why);
		if (result == LOOKUP_FOUND)
			buf_set(&query, buf_view(value));
	}
	buf_fini(&query);
	return result;
}

static const struct table_ops ops = {
	.lookup = pipemap_lookup,
	.changed = aggregate_changed,
	.close = aggregate_close,
	.refused = aggregate_refused,
};

const struct table_type table_pipemap = { "pipemap", &ops, pipemap_open, false };
