#include "table/types.h"
#include "util/text/words.h"

/* static: the same answer to everything, its name: `static:text` or `static:{text with blanks}`. */

static void
static_close(void *state)
{
	buf_fini(state);
	mem_free(state);
}

static void *
static_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct view value = view_string(name);
	struct buf *text;

	if (value.len > 0 && value.data[0] == '{' && !words_inner(value, &value, NULL)) {
		why_set(why, "need \"static:{text}\" instead of \"static:%s\"", name);
		return NULL;
	}
	traits->stable = true;
	traits->owner_trusted = true;
	text = mem_new(sizeof(*text));
	buf_putv(text, value);
	return text;
}

static enum lookup
static_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	buf_putv(value, buf_view(state));
	return LOOKUP_FOUND;
}

static const struct table_ops ops = { .lookup = static_lookup, .close = static_close };

const struct table_type table_static = { "static", &ops, static_open, false };
