#include "config.h"
/* hash and btree in a build without Berkeley DB (table/bdb_stand_in.c). In others there is nothing to test. */
#ifndef HAVE_DB

#include "support.h"

#include <sys/stat.h>
#include <time.h>
#include <utime.h>

#include "util/file/file.h"

static void
set_age(const char *path, int sec)
{
	time_t then = time(NULL) - sec;

	assert_int_equal(utime(path, &(struct utimbuf){ then, then }), 0);
}

static bool
exists(const char *name)
{
	return access(in_scratch("", name), F_OK) == 0;
}

static void
expect(const char *table_name, const char *key, const char *value)
{
	struct table *table = open_table(table_name, TABLE_FOLD_FIXED);

	assert_string_equal(look(table, key), value);
	table_close(table);
}

static void
copy_fixture(const char *fixture, const char *name)
{
	struct buf content = BUF_INIT;
	int fd;

	assert_true(file_read_all(fixture, 1 << 20, &content, NULL));
	fd = open(in_scratch("", name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(file_write_all(fd, buf_view(&content), NULL));
	close(fd);
	buf_fini(&content);
}

static void
test_the_source_is_made_into_a_file(void **state)
{
	write_source("map", "One first\ntwo second\n");
	expect(in_scratch("hash:", "map"), "one", "first");
	assert_true(exists("map.lmdb"));
	assert_false(exists("map.db"));
	write_source("map", "one changed\n");
	set_age(in_scratch("", "map.lmdb"), 100);
	expect(in_scratch("btree:", "map"), "one", "changed");
	expect(in_scratch("btree:", "map"), "two", "(none)");
}

static void
test_a_directory_of_others_gets_no_file(void **state)
{
	write_source("shared", "one first\n");
	chmod(buf_c(&scratch), 0777);
	buf_reset(&warnings);
	expect(in_scratch("hash:", "shared"), "ONE", "first");
	chmod(buf_c(&scratch), 0700);
	assert_false(exists("shared.lmdb"));
	assert_warned("run postmap");
}

static void
test_old_databases_are_read(void **state)
{
	copy_fixture("tests/data/bdb/many.hash.db", "old.db");
	expect(in_scratch("hash:", "old"), "key 499", "value 499");
	expect(in_scratch("hash:", "old"), "key 500", "(none)");
	copy_fixture("tests/data/bdb/many.btree.db", "old2.db");
	expect(in_scratch("btree:", "old2"), "key 7", "value 7");
	write_source("old", "key now from the source\n");
	set_age(in_scratch("", "old.db"), 100);
	expect(in_scratch("hash:", "old"), "key", "now from the source");
	write_source("bad.db", "this is not a database, however it is called");
	expect(in_scratch("hash:", "bad"), "key", "(retry)");
}

static void
test_aliases(void **state)
{
	write_source("aliases", "# comment\nroot: alice, \"|cmd a:b\"\n\"a:b\": bob\n");
	expect(in_scratch("hash:", "aliases"), "root", "alice, \"|cmd a:b\"");
	expect(in_scratch("hash:", "aliases"), "\"a:b\"", "bob");
}

static void
test_written_tables(void **state)
{
	struct table *table = open_table(in_scratch("btree:", "cache"), TABLE_WRITE);
	struct buf key = BUF_INIT, value = BUF_INIT;

	assert_true(table_update(table, VIEW("k"), VIEW("v"), NULL));
	assert_string_equal(look(table, "k"), "v");
	assert_int_equal(table_next(table, true, &key, &value, NULL), LOOKUP_FOUND);
	assert_int_equal(table_delete(table, VIEW("k"), NULL), LOOKUP_FOUND);
	table_close(table);
	assert_true(exists("cache.lmdb"));
	buf_fini(&key);
	buf_fini(&value);
}

static void
test_nothing_there(void **state)
{
	expect(in_scratch("hash:", "nosuch"), "k", "(retry)");
	assert_warned("No such file or directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_source_is_made_into_a_file),
		cmocka_unit_test(test_a_directory_of_others_gets_no_file),
		cmocka_unit_test(test_old_databases_are_read),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_written_tables),
		cmocka_unit_test(test_nothing_there),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}

#else

int
main(void)
{
	return 0;
}

#endif
