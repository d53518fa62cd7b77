/*
 * memory: a table held in memory, for the types that read all their pairs at once (texthash, inline) or keep nothing
 * else (internal). Listing it goes in the order of insertion.
 */
#ifndef TABLE_MEMORY_H
#define TABLE_MEMORY_H

#include "table/table.h"

struct memory;

struct memory	*memory_new(void);
void		 memory_free(struct memory *memory);
bool		 memory_put(struct memory *memory, struct view key, struct view value, bool replace); /* false: was there, and stays */
bool		 memory_remove(struct memory *memory, struct view key);
enum lookup	 memory_get(const struct memory *memory, struct view key, struct buf *value);
enum lookup	 memory_next(struct memory *memory, bool restart, struct buf *key, struct buf *value);

#endif
