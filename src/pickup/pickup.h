/*
 * pickup: what its parts share.
 */
#ifndef PICKUP_PICKUP_H
#define PICKUP_PICKUP_H

#include "global/client/cleanup.h"
#include "global/queue/queue_reader.h"

struct pickup_config {
	struct queue_layout layout;
	const char *cleanup_service, *filter, *overrides, *hostname, *mail_name, *utf8_classes;
	bool utf8;
	int ipc_timeout_sec;
};

/* One file of maildrop, open and locked. */
struct drop {
	struct view id;			/* its name */
	int fd;
	off_t size;			/* when it was opened: a complete file grows no more */
	uid_t owner;
	bool requeued;			/* put there by postsuper -r: it holds what only we write */
};

enum pickup_result {
	PICKUP_TAKEN,			/* cleanup has it: remove the file */
	PICKUP_NOTHING_LEFT,		/* requeued, and all recipients are done: remove it too */
	PICKUP_REFUSED,			/* for good: remove it; why tells */
	PICKUP_CORRUPT,			/* put it aside */
	PICKUP_LATER,
};

/* copy.c: hands the message to cleanup. */
enum pickup_result pickup_copy(const struct drop *drop, const struct pickup_config *config,
	    struct cleanup_client *cleanup, struct buf *why);
/* flags.c: what cleanup shall do to it. */
unsigned	 pickup_cleanup_flags(const struct pickup_config *config, bool requeued);

#endif
