/*
 * Open chaining over a table of buckets that doubles. The hash function is FNV-1a with a seed and a final mix, which is
 * enough against chosen keys because the seed is secret and new in each process.
 */
#include "util/base/hash.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "util/base/mem.h"

enum { BUCKETS_FIRST = 16 };

struct pair {
	struct pair *next;
	uint64_t hash;
	void *value;
	size_t len;
	char key[];
};

struct hash {
	struct pair **buckets;
	size_t size, count;
};

static uint64_t
seed(void)
{
	static uint64_t value;

	while (value == 0)
		if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
			value = (uint64_t)time(NULL) * 1000003 ^ (uint64_t)getpid() << 32 ^ (uintptr_t)&value;
	return value;
}

uint64_t
hash_bytes(struct view bytes)
{
	uint64_t h = seed() ^ 14695981039346656037u;

	for (size_t i = 0; i < bytes.len; i++)
		h = (h ^ (unsigned char)bytes.data[i]) * 1099511628211u;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 33;
}

struct hash *
hash_new(void)
{
	struct hash *hash = mem_new(sizeof(*hash));

	hash->size = BUCKETS_FIRST;
	hash->buckets = mem_new_array(hash->size, sizeof(*hash->buckets));
	return hash;
}

void
hash_free(struct hash *hash, void (*free_value)(void *))
{
	struct pair *pair, *next;

	if (hash == NULL)
		return;
	for (size_t i = 0; i < hash->size; i++)
		for (pair = hash->buckets[i]; pair != NULL; pair = next) {
			next = pair->next;
			if (free_value != NULL)
				free_value(pair->value);
			mem_free(pair);
		}
	mem_free(hash->buckets);
	mem_free(hash);
}

/* The link that points to the pair, or to the NULL where it would go. */
static struct pair **
find(const struct hash *hash, struct view key, uint64_t h)
{
	struct pair **link = &hash->buckets[h & (hash->size - 1)];

	while (*link != NULL && !((*link)->hash == h && view_equal(view_bytes((*link)->key, (*link)->len), key)))
		link = &(*link)->next;
	return link;
}

static void
grow(struct hash *hash)
{
	struct pair **old = hash->buckets, *pair, *next;
	size_t old_size = hash->size;

	hash->size *= 2;
	hash->buckets = mem_new_array(hash->size, sizeof(*hash->buckets));
	for (size_t i = 0; i < old_size; i++)
		for (pair = old[i]; pair != NULL; pair = next) {
			struct pair **bucket = &hash->buckets[pair->hash & (hash->size - 1)];

			next = pair->next;
			pair->next = *bucket;
			*bucket = pair;
		}
	mem_free(old);
}

void *
hash_get(const struct hash *hash, struct view key)
{
	struct pair *pair = *find(hash, key, hash_bytes(key));

	return pair != NULL ? pair->value : NULL;
}

void *
hash_put(struct hash *hash, struct view key, void *value)
{
	uint64_t h = hash_bytes(key);
	struct pair **link = find(hash, key, h), *pair = *link;
	void *replaced = NULL;

	if (pair != NULL) {
		replaced = pair->value;
		pair->value = value;
		return replaced;
	}
	pair = mem_new(sizeof(*pair) + key.len);
	pair->hash = h;
	pair->value = value;
	pair->len = key.len;
	if (key.len > 0)
		memcpy(pair->key, key.data, key.len);
	*link = pair;
	if (++hash->count > hash->size)
		grow(hash);
	return NULL;
}

void *
hash_remove(struct hash *hash, struct view key)
{
	struct pair **link = find(hash, key, hash_bytes(key)), *pair = *link;
	void *value;

	if (pair == NULL)
		return NULL;
	value = pair->value;
	*link = pair->next;
	mem_free(pair);
	hash->count--;
	return value;
}

size_t
hash_count(const struct hash *hash)
{
	return hash->count;
}

void
hash_each(const struct hash *hash, bool (*each)(struct view key, void *value, void *arg), void *arg)
{
	for (size_t i = 0; i < hash->size; i++)
		for (struct pair *pair = hash->buckets[i]; pair != NULL; pair = pair->next)
			if (!each(view_bytes(pair->key, pair->len), pair->value, arg))
				return;
}
