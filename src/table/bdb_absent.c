#include "config.h"
#include "table/bdb_stand_in.h"
#include "table/types.h"

/* Stands in for bdb.c in a build without Berkeley DB. */

#ifndef HAVE_DB

const struct table_type table_hash = { "hash", &bdb_stand_in_ops, bdb_stand_in_open, true };
const struct table_type table_btree = { "btree", &bdb_stand_in_ops, bdb_stand_in_open, true };

#endif
