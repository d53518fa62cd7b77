/*
 * watchdog: ends a process whose request takes longer than it ever may. A timer ticks by itself, so that a request costs
 * no system call; a process that only waits for work is left alone.
 */
#ifndef SERVICE_WATCHDOG_H
#define SERVICE_WATCHDOG_H

#include <stdbool.h>

void	watchdog_start(int limit_sec);		/* 0: never */
void	watchdog_working(bool working);		/* a new request begins, or there is none */

#endif
