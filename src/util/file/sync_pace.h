/*
 * sync_pace: an fsync that may take its time. A journaling file system writes what all processes changed in one go, so a
 * sync whose changes went out with somebody else's costs almost nothing, and does not make that other one wait for a
 * second go. Who is waited for by nobody therefore starts the writing, waits about as long as syncs take here, and only
 * then syncs. The promise is that of fsync(2), no more and no less.
 */
#ifndef UTIL_FILE_SYNC_PACE_H
#define UTIL_FILE_SYNC_PACE_H

#include <stdbool.h>

/* How long a sync takes lately, in microseconds: the longest, forgotten step by step. Zeroed at first: not known. */
struct sync_pace {
	long usec;
};

/* A wait is never longer, however slow the disk; and where syncs are faster than the shortest, there is none. */
enum { SYNC_WAIT_MIN_USEC = 200, SYNC_WAIT_MAX_USEC = 10000 };

bool	sync_paced(int fd, struct sync_pace *pace, bool unhurried);	/* false: as fsync(2), with errno */

#endif
