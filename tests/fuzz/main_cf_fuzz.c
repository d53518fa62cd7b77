/*
 * main.cf: lines, and the expansion of every value.
 */
#include <stddef.h>
#include <stdint.h>

#include "global/config/expand.h"
#include "global/config/main_cf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
value(void *arg, struct view name, struct buf *out, struct buf *why)
{
	buf_putv(out, name);
	return true;
}

static bool
has_text(void *arg, struct view name)
{
	return name.len % 2 == 0;
}

static void
ignore(struct view name, void *arg)
{
}

static bool
each(struct view name, struct view text, int line, void *arg)
{
	const struct expand_names names = { value, has_text, NULL };
	struct buf out = BUF_INIT, why = BUF_INIT;

	expand_text(&names, text, &out, &why);
	expand_each_name(text, ignore, NULL);
	buf_fini(&why);
	buf_fini(&out);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf why = BUF_INIT;

	main_cf_parse(view_bytes(data, size), "main.cf", each, NULL, &why);
	buf_fini(&why);
	return 0;
}
