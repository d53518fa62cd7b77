#include "table/redirect.h"

#include "table/bdb_stand_in.h"
#include "util/log/log.h"
#include "util/text/words.h"

static const char *
setting(const struct table_env *env, const char *name)
{
	const char *value = env->setting != NULL ? env->setting(env->arg, name) : NULL;

	return value != NULL ? value : "";
}

static bool
is_bdb(struct view type)
{
	return view_is(type, "hash") || view_is(type, "btree");
}

static bool
has_level(const struct table_env *env, const char *level)
{
	return strcmp(setting(env, "non_bdb_migration_level"), level) == 0;
}

static struct view
mapped(const struct table_env *env, struct view type)
{
	struct view rest = view_string(setting(env, "non_bdb_custom_mapping")), word, from, to;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_split(word, '=', &from, &to) && view_equal(view_trim(from), type))
			return view_trim(to);
	return view_string(setting(env, view_is(type, "hash") ? "default_database_type" : "default_cache_db_type"));
}

struct view
redirect_type(const struct table_env *env, struct view type, const char *name)
{
	struct view to;

	if (!is_bdb(type) || (!has_level(env, "enable-redirect") && !has_level(env, "enable-reindex")))
		return type;
	to = mapped(env, type);
	if (to.len == 0 || is_bdb(to)) {
		log_warn("non_bdb_migration_level: %.*s:%s stays as it is: the type to use instead is \"%.*s\"",
		    VIEW_ARG(type), name, VIEW_ARG(to));
		return type;
	}
	if (strcmp(setting(env, "non_bdb_migration_log_redirect"), "yes") == 0)
		log_info("redirecting %.*s:%s to %.*s:%s", VIEW_ARG(type), name, VIEW_ARG(to), name);
	return to;
}

/* Is this file below one of these directories? */
static bool
is_below(const char *name, const char *directories)
{
	struct view rest = view_string(directories), path = view_string(name), word;

	while (view_word(&rest, ", \t\r\n", &word))
		if (view_starts(path, word) && path.len > word.len &&
		    (path.data[word.len] == '/' || word.data[word.len - 1] == '/'))
			return true;
	return false;
}

bool
redirect_may_reindex(const struct table_env *env, const char *name)
{
	struct stat source;

	return has_level(env, "enable-reindex") && view_find_view(view_string(name), VIEW("/../")) == -1 && stat(name, &source) == 0 &&
	    is_below(name, setting(env, source.st_uid == 0 ? "non_bdb_migration_allow_root_prefixes"
	    : "non_bdb_migration_allow_user_prefixes"));
}

const struct table_type *
redirect_reindexed(const struct table_env *env, struct view from, struct view to, const char *name)
{
	static const struct table_type reindexed = {
		.name = "lmdb", .ops = &bdb_stand_in_ops, .open = bdb_stand_in_open, .load = bdb_stand_in_load,
	};

	if (view_equal(from, to) || !view_is(to, "lmdb") || !redirect_may_reindex(env, name))
		return NULL;
	return &reindexed;
}
