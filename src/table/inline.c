#include "table/memory.h"
#include "table/types.h"
#include "util/text/casefold.h"
#include "util/text/words.h"

/* inline: `{key=value, {key = text with blanks}}`, pairs that stand in the configuration itself. */

static bool
parse_pair(struct view word, struct view *key, struct view *value, struct buf *why)
{
	struct view text = word;

	if (word.len > 0 && word.data[0] == '{' && !words_inner(word, &text, NULL)) {
		why_set(why, "syntax error after \"}\" in \"%.*s\"", VIEW_ARG(word));
		return false;
	}
	if (!view_split(text, '=', key, value)) {
		why_set(why, "missing '=' in \"%.*s\"", VIEW_ARG(word));
		return false;
	}
	*key = view_trim(*key);
	*value = view_trim(*value);
	if (key->len > 0)
		return true;
	why_set(why, "missing name before '=' in \"%.*s\"", VIEW_ARG(word));
	return false;
}

static void
add(struct memory *memory, struct view key, struct view value, bool fold, bool utf8)
{
	struct buf folded = BUF_INIT;

	if (fold)
		casefold_put(&folded, key, utf8);
	else
		buf_putv(&folded, key);
	memory_put(memory, buf_view(&folded), value, true);
	buf_fini(&folded);
}

/* The number of pairs, or -1. */
static int
load(struct memory *memory, struct view list, bool fold, bool utf8, struct buf *why)
{
	struct buf open_brace = BUF_INIT;
	struct view word, key, value;
	int count = 0;

	while (count != -1 && words_next(&list, &word, &open_brace)) {
		if (parse_pair(word, &key, &value, why)) {
			add(memory, key, value, fold, utf8);
			count++;
		} else {
			count = -1;
		}
	}
	if (open_brace.len > 0) {
		why_set(why, "%s", buf_c(&open_brace));
		count = -1;
	}
	buf_fini(&open_brace);
	return count;
}

static void
inline_close(void *state)
{
	memory_free(state);
}

static void *
inline_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct memory *memory;
	struct view list;
	int count;

	if (!words_inner(view_string(name), &list, NULL)) {
		why_set(why, "need \"inline:{name=value...}\"");
		return NULL;
	}
	memory = memory_new();
	count = load(memory, list, (flags & TABLE_FOLD_FIXED) != 0, env->utf8, why);
	if (count == 0)
		why_set(why, "empty list: need \"inline:{name=value...}\"");
	if (count <= 0) {
		inline_close(memory);
		return NULL;
	}
	traits->stable = true;
	traits->owner_trusted = true;
	return memory;
}

static enum lookup
inline_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	return memory_get(state, key, value);
}

static enum lookup
inline_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	return memory_next(state, restart, key, value);
}

static const struct table_ops ops = { .lookup = inline_lookup, .next = inline_next, .close = inline_close };

const struct table_type table_inline = { "inline", &ops, inline_open, false };
