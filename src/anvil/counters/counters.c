#include "anvil/counters/counters.h"

#include "util/base/hash.h"
#include "util/base/list.h"

struct entry {
	struct buf key;			/* "service:client" */
	int connections, rates[ANVIL_EVENTS];
	msec_t since;
};

/* One connection of one reporter: an smtpd has one at a time. */
struct held {
	struct list link;
	const void *reporter;
	struct entry *entry;
};

struct counters {
	msec_t unit_ms;
	struct hash *entries;
	struct list held;
	struct counters_statistics statistics;
};

struct counters *
counters_new(int time_unit_sec)
{
	struct counters *counters = mem_new(sizeof(*counters));

	counters->unit_ms = (msec_t)time_unit_sec * 1000;
	counters->entries = hash_new();
	list_init(&counters->held);
	return counters;
}

static void
entry_free(void *p)
{
	struct entry *entry = p;

	buf_fini(&entry->key);
	mem_free(entry);
}

void
counters_free(struct counters *counters)
{
	LIST_FOREACH_SAFE(held, after, &counters->held, struct held, link)
		mem_free(held);
	hash_free(counters->entries, entry_free);
	counters_reset_statistics(counters);
	mem_free(counters);
}

/* -- statistics ----------------------------------------------------------------------------------- */

static void
note_peak(struct counters_peak *peak, int value, const struct entry *entry)
{
	if (value <= peak->value)
		return;
	peak->value = value;
	buf_set(&peak->who, buf_view(&entry->key));
	peak->when = clock_wall().tv_sec;
}

static void
note_size(struct counters *counters)
{
	size_t size = hash_count(counters->entries);

	if (size <= counters->statistics.cache_size)
		return;
	counters->statistics.cache_size = size;
	counters->statistics.cache_when = clock_wall().tv_sec;
}

const struct counters_statistics *
counters_statistics(const struct counters *counters)
{
	return &counters->statistics;
}

void
counters_reset_statistics(struct counters *counters)
{
	struct counters_statistics *statistics = &counters->statistics;

	buf_fini(&statistics->connections.who);
	for (size_t i = 0; i < ANVIL_EVENTS; i++)
		buf_fini(&statistics->rates[i].who);
	memset(statistics, 0, sizeof(*statistics));
}

/* -- counting --------------------------------------------------------------------------------------- */

static bool
is_over(const struct counters *counters, const struct entry *entry)
{
	return clock_now() - entry->since >= counters->unit_ms;
}

static struct entry *
entry_for(struct counters *counters, const struct anvil_report *report)
{
	struct buf key = BUF_INIT;
	struct entry *entry;

	buf_printf(&key, "%.*s:%.*s", VIEW_ARG(report->service), VIEW_ARG(report->client));
	entry = hash_get(counters->entries, buf_view(&key));
	if (entry == NULL) {
		entry = mem_new(sizeof(*entry));
		buf_swap(&entry->key, &key);
		entry->since = clock_now();
		hash_put(counters->entries, buf_view(&entry->key), entry);
		note_size(counters);
	} else if (is_over(counters, entry)) {
		memset(entry->rates, 0, sizeof(entry->rates));
		entry->since = clock_now();
	}
	buf_fini(&key);
	return entry;
}

static void
hold(struct counters *counters, const void *reporter, struct entry *entry)
{
	struct held *held = mem_new(sizeof(*held));

	held->reporter = reporter;
	held->entry = entry;
	list_append(&counters->held, &held->link);
	entry->connections++;
	note_peak(&counters->statistics.connections, entry->connections, entry);
}

static void
drop(struct held *held)
{
	held->entry->connections--;
	list_remove(&held->link);
	mem_free(held);
}

static void
release(struct counters *counters, const void *reporter, const struct entry *entry)
{
	LIST_FOREACH_SAFE(held, after, &counters->held, struct held, link) {
		if (held->reporter != reporter || held->entry != entry)
			continue;
		drop(held);
		return;
	}
}

void
counters_gone(struct counters *counters, const void *reporter)
{
	LIST_FOREACH_SAFE(held, after, &counters->held, struct held, link) {
		if (held->reporter == reporter)
			drop(held);
	}
}

void
counters_count(struct counters *counters, const void *reporter, const struct anvil_report *report, struct anvil_counts *out)
{
	struct entry *entry = entry_for(counters, report);

	if (report->event == ANVIL_DISCONNECT) {
		release(counters, reporter, entry);
	} else {
		if (report->event == ANVIL_CONNECT)
			hold(counters, reporter, entry);
		entry->rates[report->event]++;
		note_peak(&counters->statistics.rates[report->event], entry->rates[report->event], entry);
	}
	out->connections = entry->connections;
	out->rate = entry->rates[report->event];
}

/* -- forgetting ------------------------------------------------------------------------------------- */

struct search {
	const struct counters *counters;
	struct entry *found;
};

static bool
find_stale(struct view key, void *value, void *arg)
{
	struct search *search = arg;
	struct entry *entry = value;

	if (entry->connections > 0 || !is_over(search->counters, entry))
		return true;
	search->found = entry;
	return false;
}

/* A few at each call: the walk starts again after each removal. */
void
counters_expire(struct counters *counters)
{
	enum { AT_ONCE = 100 };

	for (int i = 0; i < AT_ONCE; i++) {
		struct search search = { counters, NULL };

		hash_each(counters->entries, find_stale, &search);
		if (search.found == NULL)
			return;
		hash_remove(counters->entries, buf_view(&search.found->key));
		entry_free(search.found);
	}
}

size_t
counters_size(const struct counters *counters)
{
	return hash_count(counters->entries);
}
