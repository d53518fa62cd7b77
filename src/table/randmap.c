#include <sys/random.h>

#include "table/types.h"
#include "util/text/words.h"

/* randmap: `{v1, v2, …}`: any of its values, to whatever is asked. */

struct randmap {
	char *text;			/* the values point into it */
	struct view *values;
	size_t count;
};

static void
randmap_close(void *state)
{
	struct randmap *r = state;

	mem_free(r->values);
	mem_free(r->text);
	mem_free(r);
}

static void
split(struct randmap *r, struct view list, struct buf *why)
{
	struct view word;

	while (words_next(&list, &word, why)) {
		r->values = mem_resize(r->values, (r->count + 1) * sizeof(*r->values));
		r->values[r->count++] = word;
	}
}

static void *
randmap_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct randmap *r = mem_new(sizeof(*r));
	struct buf open_brace = BUF_INIT;
	struct view list;

	traits->kind = TABLE_PATTERN;
	traits->owner_trusted = true;
	r->text = mem_string(name);
	if (words_inner(view_string(r->text), &list, NULL))
		split(r, list, &open_brace);
	if (r->count == 0 || open_brace.len > 0) {
		why_set(why, "bad syntax: need \"randmap:{value...}\" instead of \"randmap:%s\"", name);
		randmap_close(r);
		r = NULL;
	}
	buf_fini(&open_brace);
	return r;
}

static enum lookup
randmap_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	const struct randmap *r = state;
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number)) {
		why_set(why, "randmap: no random number to be had");
		return LOOKUP_RETRY;
	}
	buf_putv(value, r->values[number % r->count]);
	return LOOKUP_FOUND;
}

static const struct table_ops ops = { .lookup = randmap_lookup, .close = randmap_close };

const struct table_type table_randmap = { "randmap", &ops, randmap_open, false };
