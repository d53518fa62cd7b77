/*
 * lock: one master for a queue directory, and one for a data directory. Both locks are held for life; that they are
 * free, not what the files say, tells that no master runs.
 */
#ifndef MASTER_LOCK_H
#define MASTER_LOCK_H

#include "master/supervisor.h"

/* Takes both; writes our pid to pid/master.pid. False with a reason when another one runs or a file cannot be opened. */
bool	lock_take(const struct supervisor *master, struct buf *why);

#endif
