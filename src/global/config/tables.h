/*
 * tables: what lookup tables may ask of the configuration (table/table.h).
 */
#ifndef GLOBAL_CONFIG_TABLES_H
#define GLOBAL_CONFIG_TABLES_H

#include "global/config/config.h"
#include "table/table.h"

/* Lives as long as the config. NULL: a setting is bad. */
const struct table_env *config_table_env(struct config *config, struct buf *why);

/* chdir to queue_directory, where relative names of sockets and queue files are meant. */
bool	config_chdir_queue(struct config *config, struct buf *why);

#endif
