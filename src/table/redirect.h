/*
 * redirect: leaving Berkeley DB while main.cf still names it (non_bdb_migration_level): hash becomes
 * $default_database_type, btree $default_cache_db_type, or what non_bdb_custom_mapping says ("hash=cdb btree=lmdb").
 */
#ifndef TABLE_REDIRECT_H
#define TABLE_REDIRECT_H

#include "table/type.h"

/* The type to open instead of this one; most often the same. Lives as long as the settings. */
struct view	 redirect_type(const struct table_env *env, struct view type, const char *name);
/* Is this source, by its owner and its place, one that "enable-reindex" makes files of? */
bool		 redirect_may_reindex(const struct table_env *env, const char *name);
/*
 * With "enable-reindex" an lmdb file that a redirected table lacks is made from its source: the type that does so, or NULL
 * when this is no such table.
 */
const struct table_type *redirect_reindexed(const struct table_env *env, struct view from, struct view to, const char *name);

#endif
