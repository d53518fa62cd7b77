/*
 * startup: from a command somebody typed to a daemon of its own session: checks, detaching, locks, descriptors.
 */
#ifndef MASTER_STARTUP_H
#define MASTER_STARTUP_H

#include "master/supervisor.h"

void	startup_check(struct supervisor *master);		/* whose programs, who are we, environment */
void	startup_detach(struct supervisor *master);		/* -w: the caller waits in here and exits; session */
void	startup_lock(struct supervisor *master);
void	startup_descriptors(struct supervisor *master);		/* 0-2, limits, the pipe for flow control, the loop */
void	startup_done(struct supervisor *master);		/* services are open: tell who waits */

#endif
