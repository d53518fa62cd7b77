#include "util/base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/number.h"
#include "util/log/log.h"

static void *
checked(void *p, size_t size)
{
	if (p == NULL)
		log_fatal("out of memory: %zu bytes", size);
	return p;
}

void *
mem_new(size_t size)
{
	return checked(calloc(1, size > 0 ? size : 1), size);
}

void *
mem_new_array(size_t count, size_t size)
{
	size_t total;

	if (!size_mul(count, size, &total))
		log_fatal("out of memory: %zu times %zu bytes", count, size);
	return mem_new(total);
}

void *
mem_resize(void *p, size_t size)
{
	return checked(realloc(p, size > 0 ? size : 1), size);
}

void *
mem_dup(const void *p, size_t size)
{
	void *copy = checked(malloc(size > 0 ? size : 1), size);

	if (size > 0)
		memcpy(copy, p, size);
	return copy;
}

char *
mem_string(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_wipe(void *p, size_t size)
{
	if (size > 0)
		explicit_bzero(p, size);
}
