/*
 * listing: what mailq shows. listing_walk() goes through the queues and makes, for each message, one record of named
 * attributes; listing_parse() takes one apart. The records are also what public/showq says, which others than we read:
 *
 *	name NUL value NUL ... NUL		an empty name ends a record
 *
 * in this order: queue_name, queue_id, time, size, forced_expire, sender; then for each recipient orig_address (when it
 * differs), recipient, and reason or bounce_reason (when there is one). Addresses are in external form. Recipients that
 * were never tried come first. Files that cannot be read are skipped with a note in the log.
 */
#ifndef GLOBAL_QUEUE_LISTING_H
#define GLOBAL_QUEUE_LISTING_H

#include "global/queue/queue_id.h"
#include "util/base/arena.h"

struct listing_recipient {
	struct view address, original;
	struct view delay_reason, bounce_reason;	/* one of them, or none */
};

struct listing_message {
	struct view queue_name, queue_id, sender;
	long long arrival_time, size;
	bool forced_expire;
	struct listing_recipient *recipients;		/* only from listing_parse() */
	size_t recipient_count;
};

/* Calls each() with each record; false ends the walk. empty_address stands for the null sender. */
typedef bool	listing_each(void *arg, struct view record);
void	listing_walk(const struct queue_layout *layout, const char *empty_address, listing_each *each, void *arg);

/* One record, with or without its end; views point into it, the array is in the arena. */
bool	listing_parse(struct view record, struct arena *arena, struct listing_message *out);

#endif
