#include "support.h"

/* Settings of main.cf: name, value. */
static const char *const *settings;

static const char *
setting(void *arg, const char *name)
{
	for (const char *const *at = settings; *at != NULL; at += 2)
		if (strcmp(at[0], name) == 0)
			return at[1];
	return NULL;
}

#define LEVEL(level)	"non_bdb_migration_level", level, "default_database_type", "texthash", "default_cache_db_type", "lmdb", \
			"non_bdb_migration_log_redirect", "yes"

static struct table *
open_with(const char *const *list, const char *name, unsigned flags)
{
	static struct table_env with;

	with = env;
	with.setting = setting;
	settings = list;
	buf_reset(&warnings);
	return table_open(&with, view_string(name), flags);
}

static void
test_redirect(void **state)
{
	static const char *const disabled[] = { LEVEL("disable"), NULL };
	static const char *const enabled[] = { LEVEL("enable-redirect"), NULL };
	static const char *const custom[] = { "non_bdb_custom_mapping", "btree=texthash hash=inline", LEVEL("enable-redirect"), NULL };
	struct table *table;

	write_source("map", "k v\n");
	table = open_with(disabled, in_scratch("hash:", "map"), 0);
	table_close(table);
	assert_null(strstr(buf_c(&warnings), "redirecting"));
	table = open_with(enabled, in_scratch("hash:", "map"), 0);
	assert_string_equal(look(table, "k"), "v");
	table_close(table);
	assert_warned("redirecting hash:");
	table = open_with(enabled, in_scratch("btree:", "cache"), TABLE_WRITE);
	assert_null(table_broken(table));
	table_close(table);
	assert_int_equal(access(in_scratch("", "cache.lmdb"), F_OK), 0);
	table = open_with(custom, in_scratch("btree:", "map"), 0);
	assert_string_equal(look(table, "k"), "v");
	table_close(table);
}

/* The type to use instead is Berkeley DB again. */
static void
test_redirect_to_itself(void **state)
{
	static const char *const list[] = { "non_bdb_migration_level", "enable-redirect", "default_database_type", "hash", NULL };
	struct table *table = open_with(list, in_scratch("hash:", "own"), TABLE_WRITE);

	assert_warned("stays as it is");
	table_close(table);
}

static void
test_reindex(void **state)
{
	const char *list[] = { "non_bdb_migration_level", "enable-reindex", "default_database_type", "lmdb",
	    "non_bdb_migration_allow_root_prefixes", buf_c(&scratch), "non_bdb_migration_allow_user_prefixes",
	    buf_c(&scratch), NULL };
	struct table *table;

	write_source("built", "k v\n");
	table = open_with(list, in_scratch("hash:", "built"), 0);
	assert_string_equal(look(table, "k"), "v");
	table_close(table);
	assert_int_equal(access(in_scratch("", "built.lmdb"), F_OK), 0);
	write_source("elsewhere", "k v\n");
	list[5] = list[7] = "/nonexistent /tm";
	table = open_with(list, in_scratch("hash:", "elsewhere"), 0);
	assert_non_null(table_broken(table));
	table_close(table);
	assert_int_equal(access(in_scratch("", "elsewhere.lmdb"), F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_redirect_to_itself),
		cmocka_unit_test(test_reindex),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
