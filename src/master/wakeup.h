/*
 * wakeup: the timers that make periodic services work: each is sent one byte, as postkick would.
 */
#ifndef MASTER_WAKEUP_H
#define MASTER_WAKEUP_H

#include "master/service_entry.h"

void	wakeup_init(struct service_entry *service);		/* wakes now, then every wakeup_sec, unless it waits for use */
void	wakeup_first_use(struct service_entry *service);	/* a client came */

#endif
