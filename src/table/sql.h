/*
 * sql: table types whose engines are modules (module.h): queries and results are made here. The tables' parameters stand
 * in a file, `name = value` as in main.cf, or, when the name is no path, in main.cf as `<name>_<parameter>`.
 */
#ifndef TABLE_SQL_H
#define TABLE_SQL_H

#include "table/table.h"
#include "table/type.h"

/* The type of that name; NULL when its module is not installed. */
const struct table_type *sql_type(const struct table_env *env, struct view type);
void	sql_each_type(const struct table_env *env, void (*each)(const char *name, void *arg), void *arg);

#endif
