/*
 * stop: signals other than HUP: the end of children, and our own.
 */
#ifndef MASTER_STOP_H
#define MASTER_STOP_H

#include "master/supervisor.h"

void	stop_init(struct supervisor *master);

#endif
