/*
 * instance: is there a master for this configuration, and may we be one without being root?
 */
#ifndef GLOBAL_CONFIG_INSTANCE_H
#define GLOBAL_CONFIG_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "global/config/config.h"

/* True while a master holds its lock; *master is then its pid, or 0 when the file tells none. */
bool	instance_is_running(struct config *config, pid_t *master);
/*
 * Root may always. Anybody else runs a suite with one identity, his own, and only when queue_directory, its pid
 * directory and config_directory are his.
 */
bool	instance_may_run(struct config *config, struct buf *why);

#endif
