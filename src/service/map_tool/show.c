#include "service/map_tool/show.h"

#include <stdio.h>

#include "util/log/log.h"
#include "util/text/encode.h"
#include "util/text/json.h"

static void
put_json(struct buf *out, struct view key, struct view value)
{
	buf_putc(out, '{');
	json_put_string(out, key);
	buf_puts(out, ": ");
	json_put_string(out, value);
	buf_puts(out, "}\n");
}

/* A value that was made from files is shown as they are. */
static void
put_value(const struct tool *tool, struct buf *out, struct view key, struct view value)
{
	if (tool->values_are_files && !base64_decode(out, value))
		log_fatal("key %.*s: malformed BASE64 value: %.*s", VIEW_ARG(key), VIEW_ARG(value));
	if (!tool->values_are_files)
		buf_putv(out, value);
}

static void
show(const struct buf *out)
{
	fwrite(buf_c(out), 1, out->len, stdout);
}

void
show_pair(const struct tool *tool, struct view key, struct view value)
{
	struct buf out = BUF_INIT, text = BUF_INIT;

	put_value(tool, &text, key, value);
	if (tool->json)
		put_json(&out, key, buf_view(&text));
	else
		buf_printf(&out, "%.*s%s\t%s\n", VIEW_ARG(key), tool->kind->key_suffix, buf_c(&text));
	show(&out);
	buf_fini(&out);
	buf_fini(&text);
}

void
show_value(const struct tool *tool, struct view key, struct view value)
{
	struct buf out = BUF_INIT;

	if (tool->json) {
		show_pair(tool, key, value);
		return;
	}
	put_value(tool, &out, key, value);
	if (!tool->values_are_files)
		buf_putc(&out, '\n');
	show(&out);
	buf_fini(&out);
}
