/*
 * hash: a map from byte strings to pointers, for caches and indexes. The hash is seeded at random in each process, so
 * that a stranger cannot choose keys that collide. Keys are copied; values stay the caller's. Iteration has no order.
 */
#ifndef UTIL_BASE_HASH_H
#define UTIL_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text/view.h"

struct hash;

struct hash	*hash_new(void);
void		 hash_free(struct hash *hash, void (*free_value)(void *));	/* free_value may be NULL */

void		*hash_get(const struct hash *hash, struct view key);		/* NULL: not there */
void		*hash_put(struct hash *hash, struct view key, void *value);	/* returns the value replaced, or NULL */
void		*hash_remove(struct hash *hash, struct view key);		/* returns the value removed, or NULL */
size_t		 hash_count(const struct hash *hash);

/* Calls each() for all pairs until it returns false. each() may not change the map. */
void		 hash_each(const struct hash *hash, bool (*each)(struct view key, void *value, void *arg), void *arg);

uint64_t	 hash_bytes(struct view bytes);		/* the seeded hash itself */

#endif
