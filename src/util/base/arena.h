/*
 * arena: memory for things that die together (a session, a transaction, a request). Nothing is freed by itself;
 * arena_reset() keeps the last block, unless it is very large, for the next round; arena_fini() returns all. Allocations
 * never fail and are aligned for any type.
 */
#ifndef UTIL_BASE_ARENA_H
#define UTIL_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "util/text/view.h"

struct arena_block;

struct arena {
	struct arena_block *first;
	struct arena_block *current;	/* the last one, which survives a reset */
	size_t total;			/* bytes handed out since the last reset */
};

#define ARENA_INIT	{ NULL, NULL, 0 }

void		 arena_init(struct arena *arena);
void		 arena_reset(struct arena *arena);
void		 arena_fini(struct arena *arena);

void		*arena_alloc(struct arena *arena, size_t size);		/* zeroed */
void		*arena_alloc_array(struct arena *arena, size_t count, size_t size);
void		*arena_copy(struct arena *arena, const void *p, size_t size);
struct view	 arena_view(struct arena *arena, struct view v);	/* a copy, NUL terminated behind its end */
char		*arena_string(struct arena *arena, struct view v);	/* the same as char * */
struct view	 arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
