/*
 * mem: the heap. None of these returns NULL: a process without memory logs one line and exits, and its master starts
 * another (the queue survives any crash by design). A size of zero is legal and gives a pointer that may be freed.
 */
#ifndef UTIL_BASE_MEM_H
#define UTIL_BASE_MEM_H

#include <stddef.h>

#include "util/base/banned.h"

void	*mem_new(size_t size);				/* zeroed */
void	*mem_new_array(size_t count, size_t size);	/* zeroed; the product is checked */
void	*mem_resize(void *p, size_t size);		/* new bytes are not zeroed; p may be NULL */
void	*mem_dup(const void *p, size_t size);
char	*mem_string(const char *s);			/* a copy of a NUL terminated string */
void	 mem_free(void *p);				/* p may be NULL */
void	 mem_wipe(void *p, size_t size);		/* for secrets: never optimised away */

#define ARRAY_COUNT(a)			(sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, type, member)	((type *)(void *)((char *)(p) - offsetof(type, member)))

#endif
