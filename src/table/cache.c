#include "table/cache.h"

#include "util/base/number.h"
#include "util/log/log.h"

enum { CLEANED_AT_ONCE = 200 };		/* entries looked at in one go */

/* The key under which the end of the last cleaning is kept, in seconds. */
static const struct view last_cleaned = VIEW_INIT("_LAST_CACHE_CLEANUP_COMPLETED_");

struct cache {
	struct table *table;
	struct cache_cleaning cleaning;
	time_t next_cleaning;
	bool cleaning_runs, dirty;
	unsigned long long retained, dropped;
	struct buf key, value;		/* of the cleaning */
};

static time_t
now(void)
{
	return clock_wall().tv_sec;
}

static time_t
time_of_last(struct cache *cache)
{
	long long when;

	if (table_lookup(cache->table, last_cleaned, &cache->value, NULL) != LOOKUP_FOUND ||
	    !number_parse(buf_c(&cache->value), 0, INT64_MAX / 2, &when) || when > now())
		return 0;
	return (time_t)when;
}

struct cache *
cache_open(const struct table_env *env, const char *name, const struct cache_cleaning *cleaning, struct buf *why)
{
	struct table *table = table_open(env, view_string(name), TABLE_WRITE | TABLE_DUP_REPLACE);
	const char *broken = table_broken(table);
	struct cache *cache;

	if (broken != NULL) {
		why_set(why, "%s", broken);
		table_close(table);
		return NULL;
	}
	cache = mem_new(sizeof(*cache));
	cache->table = table;
	cache->cleaning = *cleaning;
	if (cleaning->interval_sec > 0)
		cache->next_cleaning = time_of_last(cache) + cleaning->interval_sec;
	return cache;
}

static void
sync_table(struct cache *cache)
{
	struct buf why = BUF_INIT;

	if (cache->dirty && !table_commit(cache->table, &why))
		log_warn("%s: %s", table_name(cache->table), buf_c(&why));
	cache->dirty = false;
	buf_fini(&why);
}

void
cache_close(struct cache *cache)
{
	if (cache == NULL)
		return;
	sync_table(cache);
	table_close(cache->table);
	buf_fini(&cache->key);
	buf_fini(&cache->value);
	mem_free(cache);
}

enum lookup
cache_lookup(struct cache *cache, struct view key, struct buf *value, struct buf *why)
{
	return table_lookup(cache->table, key, value, why);
}

bool
cache_update(struct cache *cache, struct view key, struct view value, struct buf *why)
{
	cache->dirty = true;
	return table_update(cache->table, key, value, why);
}

enum lookup
cache_delete(struct cache *cache, struct view key, struct buf *why)
{
	cache->dirty = true;
	return table_delete(cache->table, key, why);
}

/* -- cleaning --------------------------------------------------------------------------------------------------------- */

static void
finish_cleaning(struct cache *cache)
{
	struct buf text = BUF_INIT;

	log_info("cache %s full cleanup: retained=%llu dropped=%llu entries", table_name(cache->table), cache->retained,
	    cache->dropped);
	buf_printf(&text, "%lld", (long long)now());
	cache_update(cache, last_cleaned, buf_view(&text), NULL);
	buf_fini(&text);
	cache->cleaning_runs = false;
	cache->next_cleaning = now() + cache->cleaning.interval_sec;
}

static void
judge(struct cache *cache)
{
	if (view_equal(buf_view(&cache->key), last_cleaned))
		return;
	if (!cache->cleaning.expired(buf_view(&cache->key), buf_view(&cache->value), cache->cleaning.arg))
		cache->retained++;
	else if (cache_delete(cache, buf_view(&cache->key), NULL) != LOOKUP_RETRY)
		cache->dropped++;
}

/* Looks at the next entry; false: that was all, or the table cannot be listed now. */
static bool
clean_one(struct cache *cache)
{
	struct buf why = BUF_INIT;
	bool first = !cache->cleaning_runs;
	enum lookup found;

	if (first)
		cache->retained = cache->dropped = 0;
	cache->cleaning_runs = true;
	found = table_next(cache->table, first, &cache->key, &cache->value, &why);
	if (found == LOOKUP_FOUND)
		judge(cache);
	else
		finish_cleaning(cache);
	if (found == LOOKUP_RETRY)
		log_warn("%s: %s", table_name(cache->table), buf_c(&why));
	buf_fini(&why);
	return found == LOOKUP_FOUND;
}

void
cache_chores(struct cache *cache)
{
	if (cache->cleaning.interval_sec > 0 && cache->next_cleaning <= now())
		for (int i = 0; i < CLEANED_AT_ONCE && clean_one(cache); i++)
			;
	sync_table(cache);
}
