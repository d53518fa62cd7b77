#include <stdlib.h>

#include "table/types.h"

/* environ: the environment of the process. */

static void *
environ_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	return mem_string(name);
}

static enum lookup
environ_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct buf name = BUF_INIT;
	const char *found = NULL;

	buf_putv(&name, key);
	if (key.len > 0 && strlen(buf_c(&name)) == key.len)
		found = getenv(buf_c(&name));
	buf_fini(&name);
	if (found == NULL)
		return LOOKUP_NONE;
	buf_puts(value, found);
	return LOOKUP_FOUND;
}

static bool
environ_update(void *state, struct view key, struct view value, struct buf *why)
{
	struct buf name = BUF_INIT, text = BUF_INIT;
	bool done;

	buf_putv(&name, key);
	buf_putv(&text, value);
	done = setenv(buf_c(&name), buf_c(&text), 1) == 0;
	if (!done)
		why_set(why, "environ:%s: \"%s\" cannot be set", (const char *)state, buf_c(&name));
	buf_fini(&text);
	buf_fini(&name);
	return done;
}

static const struct table_ops ops = { .lookup = environ_lookup, .update = environ_update, .close = mem_free };

const struct table_type table_environ = { "environ", &ops, environ_open, false };
