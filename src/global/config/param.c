#include "global/config/param.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "global/config/registry.h"

enum { PARAMS_MAX = 2048, SLOT_BITS = 12, ROW_BITS = 9 };

static const struct param_table *const tables[] = {
	&param_table_address, &param_table_bounce, &param_table_content, &param_table_lmtp, &param_table_local,
	&param_table_milter, &param_table_postscreen, &param_table_queue, &param_table_services, &param_table_smtp,
	&param_table_smtp_tls, &param_table_smtpd, &param_table_smtpd_tls, &param_table_system, &param_table_tls,
	&param_table_tlsproxy, &param_table_transport, &param_table_verify,
};

/* -- in order ------------------------------------------------------------------------------------------------------ */

/* All rows in the order of names. Built once from constant tables. */
static struct {
	const struct param *rows[PARAMS_MAX];
	size_t count;
} sorted;

static void
merge(const struct param **a, size_t a_count, const struct param **b, size_t b_count, const struct param **out)
{
	while (a_count > 0 || b_count > 0) {
		bool from_a = b_count == 0 || (a_count > 0 && strcmp((*a)->name, (*b)->name) < 0);

		*out++ = from_a ? *a++ : *b++;
		a_count -= from_a;
		b_count -= !from_a;
	}
}

/* The rows of some tables, in order: each table is, so merging is enough. Their number. */
static size_t
collect(size_t first, size_t end, const struct param **out)
{
	const struct param *parts[PARAMS_MAX];
	size_t middle = first + (end - first) / 2, left, right;

	if (end - first == 1) {
		for (size_t i = 0; i < tables[first]->count; i++)
			out[i] = &tables[first]->rows[i];
		return tables[first]->count;
	}
	left = collect(first, middle, parts);
	right = collect(middle, end, parts + left);
	merge(parts, left, parts + left, right, out);
	return left + right;
}

static void
sort_once(void)
{
	size_t total = 0;

	if (sorted.count > 0)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
		total += tables[i]->count;
	assert(total <= PARAMS_MAX);
	sorted.count = collect(0, ARRAY_COUNT(tables), sorted.rows);
}

const struct param *
param_at(size_t i)
{
	sort_once();
	return i < sorted.count ? sorted.rows[i] : NULL;
}

/* -- by name ------------------------------------------------------------------------------------------------------- */

/* Every process looks for some names, few want them in order: an open hash table of places (table, row), made when first asked. */
static struct {
	uint16_t place[1 << SLOT_BITS];		/* 0: free; else the table above ROW_BITS, below it the row + 1 */
	bool made;
} slots;

/* The first, middle and last eight characters tell nearly all names apart. */
static size_t
first_slot(struct view name)
{
	uint64_t first = 0, middle = 0, last = 0;

	if (name.len >= sizeof(first)) {
		memcpy(&first, name.data, sizeof(first));
		memcpy(&middle, name.data + name.len / 2 - sizeof(middle) / 2, sizeof(middle));
		memcpy(&last, name.data + name.len - sizeof(last), sizeof(last));
	} else if (name.len > 0) {
		memcpy(&first, name.data, name.len);
	}
	return (size_t)(((first * 3 ^ middle * 13 ^ last * 7 ^ name.len) * 0x9E3779B97F4A7C15ULL) >> (64 - SLOT_BITS));
}

static const struct param *
row_at(uint16_t place)
{
	return &tables[place >> ROW_BITS]->rows[(place & ((1u << ROW_BITS) - 1)) - 1];
}

/* Where this name is, or the free slot where it would be: less than half of them are used. */
static size_t
slot_of(struct view name)
{
	size_t slot = first_slot(name);

	while (slots.place[slot] != 0 && !view_is(name, row_at(slots.place[slot])->name))
		slot = (slot + 1) % ARRAY_COUNT(slots.place);
	return slot;
}

static void
place_all(void)
{
	for (size_t table = 0; table < ARRAY_COUNT(tables); table++) {
		assert(tables[table]->count < 1u << ROW_BITS);
		for (size_t row = 0; row < tables[table]->count; row++) {
			size_t slot = slot_of(view_string(tables[table]->rows[row].name));

			slots.place[slot] = (uint16_t)(table << ROW_BITS | (row + 1));
		}
	}
	slots.made = true;
}

const struct param *
param_find(struct view name)
{
	uint16_t place;

	if (!slots.made)
		place_all();
	place = slots.place[slot_of(name)];
	return place != 0 ? row_at(place) : NULL;
}

static struct view
row_suffix(const struct param *row)
{
	struct view name = view_string(row->name);

	return view_slice(name, strlen("transport"), name.len);
}

const struct param *
param_find_transport(struct view name, struct view *transport)
{
	const struct param_table *table = &param_table_transport;
	const struct param *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct view suffix = row_suffix(&table->rows[i]);

		if (!table->rows[i].per_transport || suffix.len <= longest || name.len <= suffix.len ||
		    !view_ends(name, suffix))
			continue;
		found = &table->rows[i];
		longest = suffix.len;
	}
	if (found != NULL && transport != NULL)
		*transport = view_slice(name, 0, name.len - longest);
	return found;
}

/* FNV-1a: only has to differ when a registry differs, and to be the same in every process of one build. */
static unsigned long long
hash_text(unsigned long long hash, const char *text)
{
	for (const char *p = text != NULL ? text : "\1"; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211ULL;
	return hash * 1099511628211ULL;
}

unsigned long long
param_registry_hash(void)
{
	unsigned long long hash = 14695981039346656037ULL;
	const struct param *row;

	for (size_t i = 0; (row = param_at(i)) != NULL; i++) {
		hash = hash_text(hash, row->name);
		hash = hash_text(hash, row->default_text);
		hash = (hash ^ (unsigned)row->type) * 1099511628211ULL;
	}
	return hash;
}
