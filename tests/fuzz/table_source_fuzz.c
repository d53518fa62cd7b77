#include <stdint.h>

#include "table/entry.h"
#include "table/query.h"
#include "table/source.h"
#include "table/table.h"
#include "util/log/log.h"

/* Any text, up to its first NUL, as the template of a query, and what follows as the key. */
static void
expand(struct view text)
{
	static const struct query query = { .title = "fuzz" };
	struct view template, key = text;
	struct buf copy = BUF_INIT, out = BUF_INIT;

	if (!view_split(text, '\0', &template, &key))
		template = text;
	buf_putv(&copy, template);
	if (query_check(&query, "query", buf_c(&copy), NULL))
		query_expand(buf_c(&copy), key, NULL, NULL, &out);
	buf_fini(&out);
	buf_fini(&copy);
}

/* Logical lines and entries of any text, and the same text as the name of a table that holds its rules itself. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "inline:{", "cidr:{", "regexp:{", "pcre:{", "static:{", "randmap:{" };
	static const struct table_env env = { .utf8 = true, .default_type = "static" };
	struct view text = view_bytes(data, size), line, key, value;
	struct buf name = BUF_INIT;
	struct source source;

	log_to_stderr(false);
	expand(text);
	source_open_text(&source, text, "fuzz");
	while (source_next(&source, &line))
		entry_parse(&source, line, true, &key, &value);
	source_close(&source);
	if (size > 0) {
		buf_printf(&name, "%s%.*s}", types[data[0] % ARRAY_COUNT(types)], (int)size - 1, (const char *)data + 1);
		struct table *table = table_open(&env, buf_view(&name), TABLE_FOLD_FIXED);
		struct buf found = BUF_INIT;

		table_lookup(table, VIEW("192.0.2.1"), &found, NULL);
		buf_fini(&found);
		table_close(table);
	}
	buf_fini(&name);
	return 0;
}
