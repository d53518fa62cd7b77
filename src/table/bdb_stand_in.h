/*
 * bdb_stand_in: hash and btree without Berkeley DB, for builds without it and for files that are led elsewhere
 * (redirect.h): an old main.cf goes on working.
 */
#ifndef TABLE_BDB_STAND_IN_H
#define TABLE_BDB_STAND_IN_H

#include "table/type.h"

extern const struct table_ops bdb_stand_in_ops;

bool	 bdb_stand_in_load(struct buf *why);
void	*bdb_stand_in_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits,
	    struct buf *why);

#endif
