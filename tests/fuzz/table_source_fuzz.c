#include <stdint.h>

#include "table/entry.h"
#include "table/source.h"
#include "table/table.h"
#include "util/log/log.h"

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
