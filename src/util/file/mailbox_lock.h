/*
 * mailbox_lock: keeps everybody else out of a mailbox file while we change it. The styles are taken in the order they
 * are listed ("fcntl, dotlock") and given back in reverse.
 *
 * A dotlock is the file "<mailbox>.lock", made with O_EXCL beside the mailbox, thus under the effective ids of whoever
 * may create it there. One older than the stale time, whose mailbox did not change either, is removed.
 */
#ifndef UTIL_FILE_MAILBOX_LOCK_H
#define UTIL_FILE_MAILBOX_LOCK_H

#include <stdbool.h>

#include "util/text/buf.h"

enum {
	MAILBOX_LOCK_FCNTL	= 1 << 0,
	MAILBOX_LOCK_FLOCK	= 1 << 1,
	MAILBOX_LOCK_DOTLOCK	= 1 << 2,
};

struct mailbox_lock_policy {
	unsigned styles;
	int attempts, delay_sec;	/* deliver_lock_attempts, deliver_lock_delay */
	int stale_sec;			/* stale_lock_time */
	bool dotlock_optional;		/* not where we may not make one, when another style keeps others out */
};

struct mailbox_lock {
	int fd;				/* of the mailbox; not ours */
	unsigned held;
	char *dotlock;
};

#define MAILBOX_LOCK_INIT	{ -1, 0, NULL }

/* "flock, fcntl, dotlock" → styles; false with a reason for other words or none. */
bool	mailbox_lock_styles(const char *list, unsigned *styles, struct buf *why);
/*
 * Waits at most attempts × delay. On failure nothing is held, errno is EAGAIN when somebody else holds it, and why says
 * what went wrong. The mailbox is open for reading and writing.
 */
bool	mailbox_lock(struct mailbox_lock *lock, int fd, const char *path, const struct mailbox_lock_policy *policy,
	    struct buf *why);
void	mailbox_unlock(struct mailbox_lock *lock);

#endif
