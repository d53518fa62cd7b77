#include "config.h"
#include "table/types.h"

/* Stands in for pcre.c in a build without PCRE2. */

#ifndef HAVE_PCRE

const struct table_type table_pcre = { .name = "pcre" };

#endif
