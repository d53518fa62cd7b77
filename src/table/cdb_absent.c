#include "config.h"
#include "table/types.h"

/* Stands in for cdb.c in a build without tinycdb. */

#ifndef HAVE_CDB

const struct table_type table_cdb = { .name = "cdb" };

#endif
