#include "config.h"
#include "table/types.h"

/* Stands in for bdb.c in a build without Berkeley DB. */

#ifndef HAVE_DB

const struct table_type table_hash = { .name = "hash" };
const struct table_type table_btree = { .name = "btree" };

#endif
