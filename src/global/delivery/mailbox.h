/*
 * mailbox: mbox files and Maildirs, for local and virtual. What touches the file system does so with the rights of
 * `as` (effective ids; a root process comes back afterwards).
 *
 * mbox: locked, appended, synced; truncated back on every error. After a kill a partial last message may remain; the next
 * append then starts on a fresh line. Maildir: a message is complete or absent (tmp, fsync, rename, new); its name
 * is safe before the queue file's goes.
 */
#ifndef GLOBAL_DELIVERY_MAILBOX_H
#define GLOBAL_DELIVERY_MAILBOX_H

#include "global/delivery/copy.h"
#include "util/file/mailbox_lock.h"
#include "util/file/sync_pace.h"
#include "util/process/process.h"

struct mailbox_target {
	const char *path;			/* a Maildir ends in '/' */
	const struct identity *as;
	long long size_limit;			/* of an mbox; 0: none */
	const struct mailbox_lock_policy *lock;
	bool strict_ownership;			/* an mbox must belong to `as` */
	bool spool;				/* in a directory of the system's: its group may be needed there */
	bool file;				/* no mailbox, but a file that somebody named: never a program */
	bool defer;				/* a failure of unknown kind is not final */
	struct sync_pace *pace;			/* of the agent: a Maildir's syncs may wait for company */
	off_t *start;				/* where the message was put (biff); NULL: not wanted */
};

/* The flags of the envelope are completed here (From_ line, quoting). The verdict is in dsn. */
void	mbox_deliver(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to,
	    struct dsn *dsn);
void	maildir_deliver(const struct delivery_request *request, const struct copy_envelope *envelope,
	    const struct mailbox_target *to, struct dsn *dsn);

#endif
