/*
 * table_names: which settings the table types have that are set up by a file, or by main.cf with a prefix.
 */
#ifndef POSTCONF_TABLE_NAMES_H
#define POSTCONF_TABLE_NAMES_H

#include <stdbool.h>

#include "util/text/view.h"

struct table_names;

const struct table_names *table_names_find(struct view type);	/* NULL: no such type, or it has no settings */
const char	*table_names_type(const struct table_names *names);
bool		 table_names_have(const struct table_names *names, struct view setting);

#endif
