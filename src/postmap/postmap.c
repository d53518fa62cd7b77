#include "service/map_tool/tool.h"
#include "table/entry.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/text/encode.h"

enum { FILES_SIZE_MAX = 100 * 1024 * 1024 };

static bool
read_files(struct view names, struct buf *content, struct buf *why)
{
	struct buf path = BUF_INIT, one = BUF_INIT;
	struct view name;
	bool good = true;

	while (good && view_word(&names, ", \t\r\n", &name)) {
		buf_set(&path, name);
		buf_reset(&one);
		good = file_read_all(buf_c(&path), FILES_SIZE_MAX, &one, why);
		buf_putv(content, buf_view(&one));
	}
	buf_wipe(&one);		/* private keys, most likely */
	buf_fini(&path);
	return good;
}

/* -F: the value names files; what is in them is stored. */
static bool
store_files(const struct tool *tool, const struct source *source, struct table *table, struct view key, struct view names,
    struct buf *why)
{
	struct buf content = BUF_INIT, encoded = BUF_INIT, unread = BUF_INIT;
	bool done = true;

	if (read_files(names, &content, &unread)) {
		base64_encode(&encoded, buf_view(&content));
		done = tool_put(tool, table, key, buf_view(&encoded), why);
	} else {
		log_warn("%s, line %d: %s: skipping this entry", source->name, source->line, buf_c(&unread));
	}
	buf_fini(&unread);
	buf_wipe(&content);
	buf_wipe(&encoded);
	return done;
}

static bool
store(const struct tool *tool, const struct source *source, struct view line, struct table *table, struct buf *why)
{
	struct view key, value;

	if (!entry_parse(source, line, tool->env.utf8, &key, &value))
		return true;
	if (tool->values_are_files)
		return store_files(tool, source, table, key, value, why);
	return tool_put(tool, table, key, value, why);
}

static const struct tool_kind postmap = {
	.name = "postmap",
	.usage = "postmap [-bfFhijmnNoprsuUvw] [-c config_dir] [-d key] [-q key] [map_type:]file...",
	.options = "bc:d:fFhijmnNopq:rsuUvw",
	.key_suffix = "",
	.store = store,
};

int
main(int argc, char **argv)
{
	return tool_main(&postmap, argc, argv);
}
