#include "util/base/arena.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "util/base/mem.h"
#include "util/base/number.h"

/* A block is twice as large as the one before, with what malloc() adds; those by the thousands hold a few words each. */
enum { OVERHEAD = 64, BLOCK_MIN = 512, BLOCK_MAX = 4096, KEPT_MAX = 64 * 1024, ALIGNMENT = 16 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(ALIGNMENT) char data[];
};

void
arena_init(struct arena *arena)
{
	*arena = (struct arena)ARENA_INIT;
}

/* Frees the blocks before one of them, NULL: all. */
static void
free_until(struct arena *arena, const struct arena_block *end)
{
	struct arena_block *next;

	for (; arena->first != end; arena->first = next) {
		next = arena->first->next;
		mem_free(arena->first);
	}
}

void
arena_reset(struct arena *arena)
{
	if (arena->current != NULL && arena->current->size > KEPT_MAX)
		arena->current = NULL;
	free_until(arena, arena->current);
	if (arena->current != NULL)
		arena->current->used = 0;
	arena->total = 0;
}

void
arena_fini(struct arena *arena)
{
	free_until(arena, NULL);
	arena_init(arena);
}

static size_t
next_size(const struct arena *arena)
{
	size_t size = arena->current == NULL ? BLOCK_MIN : 2 * (arena->current->size + OVERHEAD);

	return (size < BLOCK_MAX ? size : BLOCK_MAX) - OVERHEAD;
}

static void
add_block(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size < next_size(arena))
		size = next_size(arena);
	block = mem_new(sizeof(*block) + size);
	block->size = size;
	if (arena->current == NULL)
		arena->first = block;
	else
		arena->current->next = block;
	arena->current = block;
}

/* Not zeroed: for copies. */
static void *
take(struct arena *arena, size_t size)
{
	size_t rounded;
	void *p;

	if (!size_add(size, ALIGNMENT - 1, &rounded))
		rounded = SIZE_MAX / 2;		/* mem_new() says what is wrong */
	rounded &= ~(size_t)(ALIGNMENT - 1);
	if (arena->current == NULL || arena->current->size - arena->current->used < rounded)
		add_block(arena, rounded);
	p = arena->current->data + arena->current->used;
	arena->current->used += rounded;
	arena->total += rounded;
	return p;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	return memset(take(arena, size), 0, size);
}

void *
arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (!size_mul(count, size, &total))
		total = SIZE_MAX / 2;
	return arena_alloc(arena, total);
}

void *
arena_copy(struct arena *arena, const void *p, size_t size)
{
	void *copy = take(arena, size);

	if (size > 0)
		memcpy(copy, p, size);
	return copy;
}

char *
arena_string(struct arena *arena, struct view v)
{
	char *copy = take(arena, v.len + 1);

	if (v.len > 0)
		memcpy(copy, v.data, v.len);
	copy[v.len] = '\0';
	return copy;
}

struct view
arena_view(struct arena *arena, struct view v)
{
	return (struct view){ arena_string(arena, v), v.len };
}

struct view
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list ap;
	int len;
	char *text;

	va_start(ap, format);
	len = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	assert(len >= 0);
	text = take(arena, (size_t)len + 1);
	va_start(ap, format);
	vsnprintf(text, (size_t)len + 1, format, ap);
	va_end(ap);
	return (struct view){ text, (size_t)len };
}
