/* A cache: written by one process, cleaned by and by. */
#include "config.h"
#include "support.h"

#include "table/cache.h"

#ifdef HAVE_DB
#define CACHE_TYPE	"btree"
#else
#define CACHE_TYPE	"lmdb"
#endif

enum { INTERVAL_SEC = 100 };

static bool
is_old(struct view key, struct view value, void *arg)
{
	return view_is(value, "old");
}

static const struct cache_cleaning cleaning = { INTERVAL_SEC, is_old, NULL };

static struct cache *
fill(const char *name, const char *const *values, size_t count)
{
	struct cache *cache = cache_open(&env, name, &cleaning, NULL);

	assert_non_null(cache);
	for (size_t i = 0; i < count; i++) {
		char key[] = { (char)('a' + i), '\0' };

		assert_true(cache_update(cache, view_string(key), view_string(values[i]), NULL));
	}
	return cache;
}

static bool
has(struct cache *cache, const char *key)
{
	struct buf value = BUF_INIT;
	enum lookup found = cache_lookup(cache, view_string(key), &value, NULL);

	buf_fini(&value);
	return found == LOOKUP_FOUND;
}

/* TB11: none, one, and some in a row that go. */
static void
test_cleaning(void **state)
{
	static const char *const values[] = { "old", "new", "old", "old", "new" };

	clock_set_fake(0, (struct timeval){ 1000, 0 });
	for (size_t count = 0; count <= ARRAY_COUNT(values); count++) {
		struct cache *cache = fill("internal:x", values, count);

		cache_chores(cache);
		assert_false(has(cache, "a"));
		assert_int_equal(has(cache, "b"), count > 1);
		assert_false(has(cache, "c") || has(cache, "d"));
		assert_int_equal(has(cache, "e"), count > 4);
		cache_close(cache);
	}
}

static void
test_next_cleaning_is_later(void **state)
{
	static const char *const values[] = { "old" };
	struct cache *cache;

	clock_set_fake(0, (struct timeval){ 1000, 0 });
	cache = fill("internal:x", values, 0);
	cache_chores(cache);
	assert_true(cache_update(cache, VIEW("a"), VIEW("old"), NULL));
	clock_advance((INTERVAL_SEC - 1) * 1000);
	cache_chores(cache);
	assert_true(has(cache, "a"));
	clock_advance(1000);
	cache_chores(cache);
	assert_false(has(cache, "a"));
	cache_close(cache);
}

static void
test_is_kept(void **state)
{
	struct buf name = BUF_INIT, why = BUF_INIT;
	struct cache *cache;

	buf_printf(&name, "%s:%s/cache", CACHE_TYPE, buf_c(&scratch));
	cache = cache_open(&env, buf_c(&name), &cleaning, NULL);
	assert_non_null(cache);
	assert_true(cache_update(cache, VIEW("a"), VIEW("1"), NULL));
	cache_close(cache);
	cache = cache_open(&env, buf_c(&name), &cleaning, &why);
	assert_true(has(cache, "a"));
	cache_close(cache);
	assert_null(cache_open(&env, "static:x", &cleaning, &why));
	assert_true(why.len > 0);
	buf_fini(&name);
	buf_fini(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cleaning),
		cmocka_unit_test(test_next_cleaning_is_later),
		cmocka_unit_test(test_is_kept),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
