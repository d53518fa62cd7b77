/*
 * cache: a table that one process writes, and whose entries grow old (verify, postscreen). What was written is on its way
 * to the disk within a second or so: cache_chores() is called about that often, and throws away a few old entries each
 * time when a cleaning is due. When the last one ended stands in the table itself.
 */
#ifndef TABLE_CACHE_H
#define TABLE_CACHE_H

#include "table/table.h"

struct cache;

struct cache_cleaning {
	int interval_sec;		/* 0: never */
	bool (*expired)(struct view key, struct view value, void *arg);
	void *arg;
};

/* name: "type:name". NULL with a reason: somebody else has it open, or it cannot be written. */
struct cache	*cache_open(const struct table_env *env, const char *name, const struct cache_cleaning *cleaning, struct buf *why);
void		 cache_close(struct cache *cache);	/* writes what is not written yet */

enum lookup	 cache_lookup(struct cache *cache, struct view key, struct buf *value, struct buf *why);
bool		 cache_update(struct cache *cache, struct view key, struct view value, struct buf *why);
enum lookup	 cache_delete(struct cache *cache, struct view key, struct buf *why);
void		 cache_chores(struct cache *cache);

#endif
