/*
 * reload: HUP makes master read main.cf and master.cf again. What is wrong in them is logged and changes nothing.
 */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include "master/supervisor.h"

/* Reads main.cf; on failure the settings of before stay. */
bool	reload_settings(struct supervisor *master, struct buf *why);
void	reload_init(struct supervisor *master);		/* catches HUP */

#endif
