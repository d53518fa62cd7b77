/*
 * module: finding and loading what host.h describes.
 */
#ifndef TABLE_MODULE_H
#define TABLE_MODULE_H

#include "table/type.h"

/* Loads table-TYPE.so from shlib_directory, once in the life of a process. NULL with a reason. */
const struct table_type *module_load(const struct table_env *env, struct view type, struct buf *why);
/* The types whose modules are installed. */
void	module_each(const struct table_env *env, void (*each)(const char *name, void *arg), void *arg);

#endif
