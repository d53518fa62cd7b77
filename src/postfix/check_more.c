#include <dirent.h>
#include <errno.h>

#include "global/config/param.h"
#include "global/config/tables.h"
#include "postfix/programs.h"
#include "postfix/run.h"
#include "table/table.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/text/words.h"

enum { FILE_MAX = 1 << 20 };

/* -- tables ---------------------------------------------------------------------------------------------------------- */

/* Types that are a file of this host: looking at one asks nobody and costs nothing. */
static bool
is_file_type(struct view type)
{
	return words_contain(VIEW("hash btree cdb lmdb texthash cidr pcre regexp"), type);
}

/* Made by postmap, and to be made again after each change of the source. */
static bool
is_indexed(struct view type)
{
	return words_contain(VIEW("hash btree cdb lmdb"), type);
}

/* data_directory holds what daemons make for themselves when they need it. */
static void
check_table(const struct table_env *env, const char *data_directory, const char *parameter, struct view word)
{
	struct view type, path;
	struct table *table;

	if (view_starts(word, VIEW("proxy:")))
		word = view_slice(word, strlen("proxy:"), word.len);
	table_split_name(env, word, &type, &path);
	if (!is_file_type(type) || path.len == 0 || path.data[0] != '/' || view_starts(path, view_string(data_directory)))
		return;
	table = table_open(env, word, TABLE_FOLD_FIXED);	/* says itself that it cannot, or is older than its source */
	if (table_broken(table) != NULL)
		log_warn("%s = %.*s: this table cannot be used%s", parameter, VIEW_ARG(word),
		    is_indexed(type) ? "; is it made by postmap(1) or postalias(1)?" : "");
	table_close(table);
}

static void
check_tables(struct control *control)
{
	const struct table_env *env = config_table_env(control->config, NULL);
	const struct param *param;
	struct view word;

	for (size_t i = 0; env != NULL && (param = param_at(i)) != NULL; i++) {
		struct view rest;

		if (param->type != PARAM_TABLES || param->per_transport || !config_is_set(control->config, param->name))
			continue;
		rest = view_string(config_string(control->config, param->name, NULL));
		while (words_next(&rest, &word, NULL))
			check_table(env, control->settings.data_directory, param->name, word);
	}
}

/* -- dynamicmaps.cf -------------------------------------------------------------------------------------------------- */

struct search {
	struct view type;
	bool found;
};

static void
compare_type(const char *name, void *arg)
{
	struct search *search = arg;

	search->found |= view_is(search->type, name);
}

/* Says which types packages installed; each needs a module of ours: the other columns are about another system's. */
static void
check_map_type(const struct table_env *env, const char *path, struct view line)
{
	struct search search = { VIEW_EMPTY, false };

	line = view_trim(line);
	if (line.len == 0 || line.data[0] == '#' || !view_word(&line, " \t", &search.type))
		return;
	table_each_type(env, compare_type, &search);
	if (!search.found)
		log_warn("%s: type %.*s: this needs table-%.*s.so in shlib_directory, which is not there", path,
		    VIEW_ARG(search.type), VIEW_ARG(search.type));
}

static void
check_map_file(const struct table_env *env, const char *path)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct view rest, line;

	if (file_read_all(path, FILE_MAX, &text, &why))
		for (rest = buf_view(&text); view_word(&rest, "\n", &line);)
			check_map_type(env, path, line);
	else if (errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&text);
	buf_fini(&why);
}

/* dynamicmaps.cf, and what packages put into dynamicmaps.cf.d. */
static void
check_map_types(struct control *control)
{
	const struct table_env *env = config_table_env(control->config, NULL);
	const char *directory = config_string(control->config, "meta_directory", NULL);
	struct buf path = BUF_INIT;
	struct dirent *entry;
	DIR *dir;

	if (env == NULL || directory == NULL)
		return;
	buf_printf(&path, "%s/dynamicmaps.cf", directory);
	check_map_file(env, buf_c(&path));
	buf_puts(&path, ".d");
	dir = opendir(buf_c(&path));
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!view_ends(view_string(entry->d_name), VIEW(".cf")))
			continue;
		buf_reset(&path);
		buf_printf(&path, "%s/dynamicmaps.cf.d/%s", directory, entry->d_name);
		check_map_file(env, buf_c(&path));
	}
	if (dir != NULL)
		closedir(dir);
	buf_fini(&path);
}

void
check_more(struct control *control)
{
	programs_permissions(control, PERMISSIONS_OF_ALL);
	programs_check_services(control);
	check_tables(control);
	check_map_types(control);
	run_postconf_for_warnings(control);
}
