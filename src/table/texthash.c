#include "table/entry.h"
#include "table/memory.h"
#include "table/stamp.h"
#include "table/types.h"
#include "util/text/casefold.h"

/* texthash: the source of an indexed table, read into memory. */

struct texthash {
	struct memory *memory;
	struct stamp stamp;
};

static void
add(struct texthash *t, const struct source *source, struct view key, struct view value, unsigned flags)
{
	if (!memory_put(t->memory, key, value, (flags & TABLE_DUP_REPLACE) != 0) && (flags & TABLE_DUP_IGNORE) == 0)
		source_warn(source, "duplicate entry: \"%.*s\"", VIEW_ARG(key));
}

static void
load(struct texthash *t, struct source *source, bool utf8, unsigned flags)
{
	struct buf folded = BUF_INIT;
	struct view line, key, value;

	while (source_next(source, &line)) {
		if (!entry_parse(source, line, utf8, &key, &value))
			continue;
		if ((flags & TABLE_FOLD_FIXED) != 0) {
			buf_reset(&folded);
			casefold_put(&folded, key, utf8);
			key = buf_view(&folded);
		}
		add(t, source, key, value, flags);
	}
	buf_fini(&folded);
}

static void
texthash_close(void *state)
{
	struct texthash *t = state;

	memory_free(t->memory);
	stamp_fini(&t->stamp);
	mem_free(t);
}

static void *
texthash_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct texthash *t = mem_new(sizeof(*t));
	struct source source;
	bool good;

	if (!source_open(&source, name, why)) {
		mem_free(t);
		return NULL;
	}
	t->memory = memory_new();
	stamp_take(&t->stamp, name, &source.st);
	stamp_traits(&source.st, traits);
	load(t, &source, env->utf8, flags);
	good = !source.failed;
	source_close(&source);
	if (good)
		return t;
	why_set(why, "%s could not be read to its end", name);
	texthash_close(t);
	return NULL;
}

static enum lookup
texthash_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	return memory_get(((struct texthash *)state)->memory, key, value);
}

static enum lookup
texthash_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	return memory_next(((struct texthash *)state)->memory, restart, key, value);
}

static bool
texthash_changed(void *state)
{
	return stamp_changed(&((struct texthash *)state)->stamp);
}

static const struct table_ops ops = {
	.lookup = texthash_lookup,
	.next = texthash_next,
	.changed = texthash_changed,
	.close = texthash_close,
};

const struct table_type table_texthash = { "texthash", &ops, texthash_open, false };
