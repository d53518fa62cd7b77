#include "config.h"
#include "table/bdb_stand_in.h"
#include "table/types.h"

/* Stands in for bdb.c in a build without Berkeley DB. */

#ifndef HAVE_DB

const struct table_type table_hash = {
	.name = "hash", .ops = &bdb_stand_in_ops, .open = bdb_stand_in_open, .makes_files = true, .load = bdb_stand_in_load,
};
const struct table_type table_btree = {
	.name = "btree", .ops = &bdb_stand_in_ops, .open = bdb_stand_in_open, .makes_files = true, .load = bdb_stand_in_load,
};

#endif
