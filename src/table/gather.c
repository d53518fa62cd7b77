#include "table/gather.h"

#include <assert.h>
#include <stdlib.h>

#include "table/nul.h"
#include "table/type.h"

enum { FIRST_ITEMS = 1024 };

struct item {
	uint64_t rank;
	size_t at;			/* of the key in bytes; the value follows */
	uint32_t key_len, value_len;
};

struct gather {
	struct buf bytes;
	struct item *items;
	size_t count, room;
	size_t prefix;			/* what the first bytes of all keys have in common */
};

struct gather *
gather_new(void)
{
	return mem_new(sizeof(struct gather));
}

void
gather_free(struct gather *g)
{
	if (g == NULL)
		return;
	buf_fini(&g->bytes);
	mem_free(g->items);
	mem_free(g);
}

size_t
gather_count(const struct gather *g)
{
	return g->count;
}

size_t
gather_bytes(const struct gather *g)
{
	return g->bytes.len;
}

static inline struct view
key_of(const struct gather *g, const struct item *item)
{
	return view_bytes(g->bytes.data + item->at, item->key_len);
}

static struct view
value_of(const struct gather *g, const struct item *item)
{
	return view_bytes(g->bytes.data + item->at + item->key_len, item->value_len);
}

static size_t
common(struct view a, struct view b, size_t max)
{
	size_t n = 0;

	while (n < max && n < a.len && n < b.len && a.data[n] == b.data[n])
		n++;
	return n;
}

void
gather_put(struct gather *g, struct view key, struct view value)
{
	assert(key.len <= UINT32_MAX && value.len <= UINT32_MAX);
	if (g->count == g->room) {
		g->room = g->room > 0 ? g->room * 2 : FIRST_ITEMS;
		g->items = mem_resize(g->items, g->room * sizeof(*g->items));
	}
	g->prefix = g->count == 0 ? key.len : common(key_of(g, &g->items[0]), key, g->prefix);
	g->items[g->count++] = (struct item){
		.at = g->bytes.len, .key_len = (uint32_t)key.len, .value_len = (uint32_t)value.len,
	};
	buf_putv(&g->bytes, key);
	buf_putv(&g->bytes, value);
}

/* -- sorting ---------------------------------------------------------------------------------------------------------- */

/* Eight bytes behind what all have in common, so that few pairs need more than this to be compared. */
static uint64_t
rank_of_bytes(const struct gather *g, struct view key)
{
	uint64_t rank = 0;

	for (size_t i = g->prefix; i < g->prefix + sizeof(rank); i++)
		rank = rank << 8 | (i < key.len ? (unsigned char)key.data[i] : 0);
	return rank;
}

static int
compare_keys(struct view a, struct view b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Of equal keys the first comes first. */
static int
compare(const void *left, const void *right, void *arg)
{
	const struct item *a = left, *b = right;
	const struct gather *g = arg;
	int order = (a->rank > b->rank) - (a->rank < b->rank);

	if (order == 0)
		order = compare_keys(key_of(g, a), key_of(g, b));
	return order != 0 ? order : (a->at > b->at) - (a->at < b->at);
}

static int
compare_places(const void *left, const void *right)
{
	const struct item *a = left, *b = right;

	return (a->at > b->at) - (a->at < b->at);
}

/* In the order of the source, whatever that of the file is. */
static void
warn_duplicates(const struct gather *g, struct item *spare, size_t count, const char *file, unsigned flags)
{
	if (count > 0)
		qsort(spare, count, sizeof(*spare), compare_places);
	for (size_t i = 0; i < count; i++)
		table_warn_duplicate(file, nul_cut(key_of(g, &spare[i])), flags);
}

static bool
is_same(const struct gather *g, const struct item *a, const struct item *b)
{
	return a->rank == b->rank && view_equal(key_of(g, a), key_of(g, b));
}

/* Keeps the first or the last of each run of equal keys. */
static void
drop_duplicates(struct gather *g, const char *file, unsigned flags)
{
	bool keep_first = (flags & (TABLE_DUP_WARN | TABLE_DUP_IGNORE)) != 0;
	struct item *spare = NULL;
	size_t kept = 0, spared = 0;

	for (size_t i = 0; i < g->count; i++) {
		if (kept == 0 || !is_same(g, &g->items[kept - 1], &g->items[i])) {
			g->items[kept++] = g->items[i];
			continue;
		}
		spare = mem_resize(spare, (spared + 1) * sizeof(*spare));
		spare[spared++] = g->items[i];
		if (!keep_first)
			g->items[kept - 1] = g->items[i];
	}
	g->count = kept;
	if (keep_first)
		warn_duplicates(g, spare, spared, file, flags);
	mem_free(spare);
}

void
gather_sort(struct gather *g, gather_rank *rank, void *arg, const char *file, unsigned flags)
{
	for (size_t i = 0; i < g->count; i++) {
		struct view key = key_of(g, &g->items[i]);

		g->items[i].rank = rank != NULL ? rank(arg, key) : rank_of_bytes(g, key);
	}
	if (g->count > 0)
		qsort_r(g->items, g->count, sizeof(*g->items), compare, g);
	drop_duplicates(g, file, flags);
}

bool
gather_each(const struct gather *g, gather_take *take, void *arg, struct buf *why)
{
	for (size_t i = 0; i < g->count; i++)
		if (!take(arg, key_of(g, &g->items[i]), value_of(g, &g->items[i]), why))
			return false;
	return true;
}
