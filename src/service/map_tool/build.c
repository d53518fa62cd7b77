#include <sys/stat.h>
#include <unistd.h>

#include "service/map_tool/tool.h"
#include "util/log/log.h"
#include "util/process/process.h"
#include "util/text/casefold.h"

bool
tool_put(const struct tool *tool, struct table *table, struct view key, struct view value, struct buf *why)
{
	struct buf folded = BUF_INIT;
	bool done;

	if (tool->keep_case)
		return table_update(table, key, value, why);
	casefold_put(&folded, key, tool->env.utf8);
	done = table_update(table, buf_view(&folded), value, why);
	buf_fini(&folded);
	return done;
}

static void
open_source(const struct tool *tool, const char *name, struct source *source)
{
	struct view type, path;
	struct buf why = BUF_INIT;

	if (tool->job == TOOL_ADD) {
		source_open_fd(source, STDIN_FILENO, "stdin");
		return;
	}
	table_split_name(&tool->env, view_string(name), &type, &path);
	if (!source_open(source, path.data, &why))	/* a suffix of name: it ends where that ends */
		log_fatal("%s", buf_c(&why));
}

/* A table says no more to the world than its source does. */
static void
adopt_mode(const struct tool *tool, const struct stat *source)
{
	if (S_ISREG(source->st_mode) && !tool->plain_mode)
		umask(~(source->st_mode | S_IRUSR | S_IWUSR) & 0777);
}

/* Root acts as the owner of the source: in a directory of his own he could plant links. */
static bool
adopt_owner(const struct tool *tool, const struct stat *source)
{
	struct identity owner = { .uid = source->st_uid, .gid = source->st_gid };

	if (geteuid() != 0 || tool->keep_root || !S_ISREG(source->st_mode) || source->st_uid == 0)
		return false;
	identity_assume(&owner);
	return true;
}

static void
warn_about_directory(const struct tool *tool, const char *name)
{
	struct buf directory = BUF_INIT;
	struct view type, path;
	struct stat st;
	ptrdiff_t slash;

	table_split_name(&tool->env, view_string(name), &type, &path);
	slash = view_rfind(path, '/');
	buf_putv(&directory, slash == -1 ? VIEW(".") : slash == 0 ? VIEW("/") : view_slice(path, 0, (size_t)slash));
	if (geteuid() == 0 && stat(buf_c(&directory), &st) == 0 && st.st_uid != 0)
		log_warn("%s: the table is owned by root, but the owner of its directory is uid %ld", name,
		    (long)st.st_uid);
	buf_fini(&directory);
}

static bool
store_all(const struct tool *tool, struct source *source, struct table *table, struct buf *why)
{
	struct view line;

	while (source_next(source, &line))
		if (!tool->kind->store(tool, source, line, table, why))
			return false;
	if (source->failed) {
		why_set(why, "%s could not be read to its end", source->name);
		return false;
	}
	return tool->job == TOOL_ADD || tool->kind->complete == NULL || tool->kind->complete(tool, table, why);
}

bool
tool_build(const struct tool *tool, const char *name)
{
	unsigned flags = tool->flags | TABLE_WRITE | (tool->job == TOOL_BUILD ? TABLE_BULK : 0);
	struct buf why = BUF_INIT;
	struct source source;
	struct table *table;
	bool assumed;

	open_source(tool, name, &source);
	adopt_mode(tool, &source.st);
	assumed = adopt_owner(tool, &source.st);
	if (tool->job == TOOL_BUILD)
		warn_about_directory(tool, name);
	table = table_open(&tool->env, view_string(name), flags);
	if (table_broken(table) != NULL)
		log_fatal("%s", table_broken(table));
	if (!store_all(tool, &source, table, &why) || !table_commit(table, &why)) {
		table_close(table);			/* what was begun goes */
		log_fatal("%s", buf_c(&why));
	}
	table_close(table);
	if (assumed)
		identity_restore();
	source_close(&source);
	umask(022);
	buf_fini(&why);
	return true;
}
