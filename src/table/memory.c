#include "table/memory.h"
#include "util/base/hash.h"
#include "util/base/list.h"

struct pair {
	struct list link;
	struct view key, value;		/* both in one allocation behind this struct */
};

struct memory {
	struct hash *index;		/* key → struct pair */
	struct list pairs;
	struct list *position;		/* the pair memory_next() gives next */
};

struct memory *
memory_new(void)
{
	struct memory *memory = mem_new(sizeof(*memory));

	memory->index = hash_new();
	list_init(&memory->pairs);
	memory->position = &memory->pairs;
	return memory;
}

void
memory_free(struct memory *memory)
{
	if (memory == NULL)
		return;
	LIST_FOREACH_SAFE(pair, after, &memory->pairs, struct pair, link)
		mem_free(pair);
	hash_free(memory->index, NULL);
	mem_free(memory);
}

static struct pair *
pair_new(struct view key, struct view value)
{
	struct pair *pair = mem_new(sizeof(*pair) + key.len + value.len);
	char *bytes = (char *)(pair + 1);

	if (key.len > 0)
		memcpy(bytes, key.data, key.len);
	if (value.len > 0)
		memcpy(bytes + key.len, value.data, value.len);
	pair->key = view_bytes(bytes, key.len);
	pair->value = view_bytes(bytes + key.len, value.len);
	return pair;
}

static void
pair_drop(struct memory *memory, struct pair *pair)
{
	if (memory->position == &pair->link)
		memory->position = pair->link.next;
	list_remove(&pair->link);
	mem_free(pair);
}

bool
memory_put(struct memory *memory, struct view key, struct view value, bool replace)
{
	struct pair *pair, *old = hash_get(memory->index, key);

	if (old != NULL && !replace)
		return false;
	pair = pair_new(key, value);
	hash_put(memory->index, key, pair);
	list_append(&memory->pairs, &pair->link);
	if (old != NULL)
		pair_drop(memory, old);
	return true;
}

bool
memory_remove(struct memory *memory, struct view key)
{
	struct pair *pair = hash_remove(memory->index, key);

	if (pair != NULL)
		pair_drop(memory, pair);
	return pair != NULL;
}

enum lookup
memory_get(const struct memory *memory, struct view key, struct buf *value)
{
	const struct pair *pair = hash_get(memory->index, key);

	if (pair == NULL)
		return LOOKUP_NONE;
	buf_set(value, pair->value);
	return LOOKUP_FOUND;
}

enum lookup
memory_next(struct memory *memory, bool restart, struct buf *key, struct buf *value)
{
	const struct pair *pair;

	if (restart)
		memory->position = memory->pairs.next;
	if (memory->position == &memory->pairs)
		return LOOKUP_NONE;
	pair = CONTAINER_OF(memory->position, struct pair, link);
	buf_set(key, pair->key);
	buf_set(value, pair->value);
	memory->position = memory->position->next;
	return LOOKUP_FOUND;
}
