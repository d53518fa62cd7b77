/*
 * gather: the pairs of a file that is built anew, kept until all are there, and then given in the order in which the file
 * takes them at the least cost: in that of its keys, or in any other that a rank makes. Each key comes once; which of
 * several values it has is for the flags to say.
 */
#ifndef TABLE_GATHER_H
#define TABLE_GATHER_H

#include "table/table.h"

struct gather;

typedef uint64_t gather_rank(void *arg, struct view key);
typedef bool	gather_take(void *arg, struct view key, struct view value, struct buf *why);

struct gather	*gather_new(void);
void		 gather_free(struct gather *g);

/* Bytes as the file will have them; copied. */
void		 gather_put(struct gather *g, struct view key, struct view value);
size_t		 gather_count(const struct gather *g);
size_t		 gather_bytes(const struct gather *g);

/* No more pairs come. Without a rank: in the order of the keys' bytes. file and flags: as for table_warn_duplicate(). */
void		 gather_sort(struct gather *g, gather_rank *rank, void *arg, const char *file, unsigned flags);
/* Any number of times. False: take() failed. */
bool		 gather_each(const struct gather *g, gather_take *take, void *arg, struct buf *why);

#endif
