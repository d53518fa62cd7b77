/*
 * process_settings: parameters that hold for a process as a whole, whatever its job is. Each is a setting of one module
 * that keeps it, as the log keeps its level; daemons and commands take all of them here, at start.
 */
#ifndef SERVICE_PROCESS_SETTINGS_H
#define SERVICE_PROCESS_SETTINGS_H

#include "global/config/config.h"

/* False with a reason: one of the values makes no sense. */
bool	process_settings_apply(struct config *config, struct buf *why);

#endif
