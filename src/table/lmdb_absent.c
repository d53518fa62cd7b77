#include "config.h"
#include "table/types.h"

/* Stands in for lmdb.c in a build without LMDB. */

#ifndef HAVE_LMDB

const struct table_type table_lmdb = { .name = "lmdb" };

#endif
