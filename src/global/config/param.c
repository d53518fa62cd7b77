#include "global/config/param.h"

#include <assert.h>

#include "global/config/registry.h"

enum { PARAMS_MAX = 2048 };

static const struct param_table *const tables[] = {
	&param_table_address, &param_table_bounce, &param_table_content, &param_table_lmtp, &param_table_local,
	&param_table_milter, &param_table_postscreen, &param_table_queue, &param_table_services, &param_table_smtp,
	&param_table_smtp_tls, &param_table_smtpd, &param_table_smtpd_tls, &param_table_system, &param_table_tls,
	&param_table_tlsproxy, &param_table_transport, &param_table_verify,
};

/* All rows in the order of names. Built once from constant tables. */
static struct {
	const struct param *rows[PARAMS_MAX];
	size_t count;
	size_t next;		/* behind the one found last: names are mostly asked for in their order */
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

/* As strcmp, in one pass. */
static int
compare_name(struct view name, const char *row)
{
	size_t i = 0;

	while (i < name.len && row[i] != '\0' && name.data[i] == row[i])
		i++;
	if (i == name.len)
		return row[i] == '\0' ? 0 : -1;
	return row[i] == '\0' ? 1 : (unsigned char)name.data[i] - (unsigned char)row[i];
}

const struct param *
param_find(struct view name)
{
	size_t low = 0, high;
	int order;

	sort_once();
	if (sorted.next < sorted.count && compare_name(name, sorted.rows[sorted.next]->name) == 0)
		return sorted.rows[sorted.next++];
	for (high = sorted.count; low < high;) {
		size_t middle = low + (high - low) / 2;

		order = compare_name(name, sorted.rows[middle]->name);
		if (order == 0) {
			sorted.next = middle + 1;
			return sorted.rows[middle];
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
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
