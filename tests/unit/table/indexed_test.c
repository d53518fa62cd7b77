#include <sys/stat.h>
#include <sys/wait.h>

#include "config.h"
#include "support.h"

#ifdef HAVE_DB
#define DB_SUFFIX	".db"
#else
#define DB_SUFFIX	".lmdb"		/* see bdb_stand_in.c */
#endif

/* What all types with files of their own have in common. */
static const struct {
	const char *type, *suffix;
	bool single;			/* single entries can be changed */
} types[] = {
	{ "hash:", DB_SUFFIX, true },
	{ "btree:", DB_SUFFIX, true },
	{ "lmdb:", ".lmdb", true },
	{ "cdb:", ".cdb", false },
};

static void
build(const char *name, unsigned flags, const char *const *pairs)
{
	struct table *table = open_table(name, TABLE_WRITE | TABLE_BULK | flags);
	struct buf why = BUF_INIT;

	assert_null(table_broken(table));
	for (; *pairs != NULL; pairs += 2)
		assert_true(table_update(table, view_string(pairs[0]), view_string(pairs[1]), &why));
	assert_true(table_commit(table, &why));
	table_close(table);
	buf_fini(&why);
}

static const char *const abc[] = { "a", "1", "b", "2", "c", "3", NULL };
static const char *const twice[] = { "a", "1", "a", "2", "b", "3", NULL };

static void
test_build_and_read(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct table *table;

		build(in_scratch(types[i].type, "abc"), 0, abc);
		assert_int_equal(access(in_scratch("", "abc.db.tmp"), F_OK), -1);
		table = open_table(in_scratch(types[i].type, "abc"), TABLE_FOLD_FIXED);
		assert_string_equal(look(table, "A"), "1");
		assert_string_equal(look(table, "c"), "3");
		assert_string_equal(look(table, "d"), "(none)");
		table_close(table);
	}
}

/* Lengths that lead out of the file are an error, and no reason to die. */
static void
test_wrong_lengths(void **state)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	char old, wrong = (char)0xff;
	struct stat st;
	int fd;

	build(in_scratch("cdb:", "wrong"), 0, abc);
	fd = open(in_scratch("", "wrong.cdb"), O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		struct table *table;

		assert_int_equal(pread(fd, &old, 1, at), 1);
		assert_int_equal(pwrite(fd, &wrong, 1, at), 1);
		table = open_table(in_scratch("cdb:", "wrong"), 0);
		table_lookup(table, VIEW("c"), &value, NULL);
		for (bool first = true; table_next(table, first, &key, &value, NULL) == LOOKUP_FOUND; first = false)
			;
		table_close(table);
		assert_int_equal(pwrite(fd, &old, 1, at), 1);
	}
	close(fd);
	buf_fini(&key);
	buf_fini(&value);
}

static void
test_with_and_without_nul(void **state)
{
	static const unsigned styles[] = { 0, TABLE_ADD_NUL, TABLE_NO_NUL };

	for (size_t i = 0; i < ARRAY_COUNT(types) * ARRAY_COUNT(styles); i++) {
		const char *type = types[i / ARRAY_COUNT(styles)].type;
		struct table *table;

		build(in_scratch(type, "nul"), styles[i % ARRAY_COUNT(styles)], abc);
		table = open_table(in_scratch(type, "nul"), 0);
		assert_string_equal(look(table, "x"), "(none)");
		assert_string_equal(look(table, "a"), "1");
		assert_string_equal(look(table, "b"), "2");
		table_close(table);
	}
}

/* TB8 */
static void
test_first_of_duplicates_stays(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct table *table;

		buf_reset(&warnings);
		build(in_scratch(types[i].type, "dup"), TABLE_DUP_WARN, twice);
		assert_warned("duplicate entry: \"a\"");
		buf_reset(&warnings);
		build(in_scratch(types[i].type, "dup"), TABLE_DUP_IGNORE, twice);
		assert_quiet();
		table = open_table(in_scratch(types[i].type, "dup"), 0);
		assert_string_equal(look(table, "a"), "1");
		assert_string_equal(look(table, "b"), "3");
		table_close(table);
		build(in_scratch(types[i].type, "dup"), TABLE_DUP_REPLACE, twice);
		table = open_table(in_scratch(types[i].type, "dup"), 0);
		assert_string_equal(look(table, "a"), "2");
		table_close(table);
	}
}

static void
test_reader_sees_the_old_content_until_the_commit(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct table *reader, *writer;

		if (strcmp(types[i].suffix, ".lmdb") == 0)
			continue;		/* its readers wait */
		build(in_scratch(types[i].type, "swap"), 0, abc);
		reader = open_table(in_scratch(types[i].type, "swap"), 0);
		writer = open_table(in_scratch(types[i].type, "swap"), TABLE_WRITE | TABLE_BULK);
		assert_true(table_update(writer, VIEW("a"), VIEW("new"), NULL));
		assert_string_equal(look(reader, "a"), "1");
		assert_false(table_changed(reader));
		assert_true(table_commit(writer, NULL));
		assert_true(table_changed(reader));
		assert_string_equal(look(reader, "a"), "1");
		table_close(writer);
		table_close(reader);
		reader = open_table(in_scratch(types[i].type, "swap"), 0);
		assert_string_equal(look(reader, "a"), "new");
		assert_string_equal(look(reader, "b"), "(none)");
		table_close(reader);
	}
}

static void
test_a_rebuild_given_up_changes_nothing(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct table *table;

		build(in_scratch(types[i].type, "keep"), 0, abc);
		table = open_table(in_scratch(types[i].type, "keep"), TABLE_WRITE | TABLE_BULK);
		assert_true(table_update(table, VIEW("a"), VIEW("new"), NULL));
		table_close(table);
		table = open_table(in_scratch(types[i].type, "keep"), 0);
		assert_string_equal(look(table, "a"), "1");
		table_close(table);
	}
}

enum { REBUILDS = 8, KEYS = 500 };

static void
rebuild(const char *name)
{
	for (int n = 0; n < REBUILDS; n++) {
		struct table *table = open_table(name, TABLE_WRITE | TABLE_BULK);
		struct buf key = BUF_INIT;

		for (int i = 0; i < KEYS; i++) {
			buf_reset(&key);
			buf_printf(&key, "key%d", i);
			table_update(table, buf_view(&key), VIEW("value"), NULL);
		}
		if (!table_commit(table, NULL))
			_exit(1);
		table_close(table);
		buf_fini(&key);
	}
	_exit(0);
}

/* Old or new, but whole: whoever opens the table meanwhile, and whoever has it open. */
static void
test_readers_during_rebuilds(void **state)
{
	static const char *const whole[] = { "key0", "value", "key499", "value", NULL };

	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct table *kept, *fresh;
		int status = 0;
		pid_t pid;

		build(in_scratch(types[i].type, "busy"), 0, whole);
		kept = open_table(in_scratch(types[i].type, "busy"), 0);
		if ((pid = fork()) == 0)
			rebuild(in_scratch(types[i].type, "busy"));
		do {
			fresh = open_table(in_scratch(types[i].type, "busy"), 0);
			assert_string_equal(look(fresh, "key0"), "value");
			assert_string_equal(look(fresh, "key499"), "value");
			assert_string_equal(look(kept, "key499"), "value");
			table_close(fresh);
		} while (waitpid(pid, &status, WNOHANG) == 0);
		assert_int_equal(status, 0);
		table_close(kept);
	}
}

static void
test_a_first_build_given_up_leaves_nothing(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct table *table = open_table(in_scratch(types[i].type, "never"), TABLE_WRITE | TABLE_BULK);

		assert_true(table_update(table, VIEW("a"), VIEW("new"), NULL));
		table_close(table);
		table = open_table(in_scratch(types[i].type, "never"), 0);
		assert_non_null(strstr(table_broken(table), "No such file"));
		table_close(table);
	}
}

/* What LMDB does not take is said, and neither the old content nor a reader's peace is lost. */
static void
test_too_long_a_key(void **state)
{
	struct buf key = BUF_INIT, why = BUF_INIT;

	buf_putn(&key, 'k', 600);
	build(in_scratch("lmdb:", "long"), 0, abc);
	for (int i = 0; i < 2; i++) {
		const char *name = in_scratch("lmdb:", i == 0 ? "long" : "fresh");
		struct table *table = open_table(name, TABLE_WRITE | TABLE_BULK);

		assert_true(table_update(table, buf_view(&key), VIEW("value"), NULL));
		buf_reset(&why);
		assert_false(table_commit(table, &why));
		assert_non_null(strstr(buf_c(&why), "too long a key, of 601 bytes: \"kkk"));
		table_close(table);
		table = open_table(in_scratch("lmdb:", i == 0 ? "long" : "fresh"), 0);
		assert_string_equal(look(table, "a"), i == 0 ? "1" : "(retry)");
		table_close(table);
	}
	buf_fini(&why);
	buf_fini(&key);
}

static void
test_mode_comes_from_umask(void **state)
{
	mode_t mask = umask(027);
	struct stat st;

	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct buf file = BUF_INIT;

		buf_printf(&file, "mode%s", types[i].suffix);
		unlink(in_scratch("", buf_c(&file)));
		build(in_scratch(types[i].type, "mode"), 0, abc);
		assert_int_equal(stat(in_scratch("", buf_c(&file)), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0640);
		buf_fini(&file);
	}
	umask(mask);
}

/* TB11, and single changes */
static void
test_single_changes_and_walk(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct buf key = BUF_INIT, value = BUF_INIT;
		struct table *table;
		size_t seen = 0;

		if (!types[i].single)
			continue;
		build(in_scratch(types[i].type, "walk"), 0, abc);
		table = open_table(in_scratch(types[i].type, "walk"), TABLE_WRITE);
		assert_true(table_update(table, VIEW("d"), VIEW("4"), NULL));
		assert_int_equal(table_delete(table, VIEW("zzz"), NULL), LOOKUP_NONE);
		for (bool first = true; table_next(table, first, &key, &value, NULL) == LOOKUP_FOUND; first = false) {
			assert_int_equal(table_delete(table, buf_view(&key), NULL), LOOKUP_FOUND);
			seen++;
		}
		assert_int_equal(seen, 4);
		assert_int_equal(table_next(table, true, &key, &value, NULL), LOOKUP_NONE);
		assert_true(table_update(table, VIEW("only"), VIEW("one"), NULL));
		assert_int_equal(table_next(table, true, &key, &value, NULL), LOOKUP_FOUND);
		assert_string_equal(buf_c(&value), "one");
		assert_int_equal(table_next(table, false, &key, &value, NULL), LOOKUP_NONE);
		assert_false(table_changed(table));		/* TB12 */
		table_close(table);
		buf_fini(&key);
		buf_fini(&value);
	}
}

static void
test_many_entries(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct table *table = open_table(in_scratch(types[i].type, "many"), TABLE_WRITE | TABLE_BULK);
		struct buf key = BUF_INIT, value = BUF_INIT;

		for (size_t n = 0; n < 20000; n++) {
			buf_reset(&key);
			buf_reset(&value);
			buf_printf(&key, "key%zu", n);
			buf_printf(&value, "value%zu of some length, so that files and maps have to grow", n);
			assert_true(table_update(table, buf_view(&key), buf_view(&value), NULL));
		}
		assert_true(table_commit(table, NULL));
		table_close(table);
		table = open_table(in_scratch(types[i].type, "many"), 0);
		assert_string_equal(look(table, "key19999"),
		    "value19999 of some length, so that files and maps have to grow");
		assert_string_equal(look(table, "key20000"), "(none)");
		table_close(table);
		buf_fini(&key);
		buf_fini(&value);
	}
}

static void
test_damaged_file_is_an_error(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		struct buf file = BUF_INIT;
		struct table *table;

		buf_printf(&file, "bad%s", types[i].suffix);
		write_source(buf_c(&file), "this is not a database; this is not a database; this is not a database\n");
		table = open_table(in_scratch(types[i].type, "bad"), 0);
		assert_string_equal(look(table, "a"), "(retry)");
		table_close(table);
		buf_fini(&file);
	}
}

#ifdef HAVE_DB
/* TB10 */
static void
test_second_writer_is_refused(void **state)
{
	struct table *first = open_table(in_scratch("btree:", "cache"), TABLE_WRITE), *second;
	pid_t child;
	int status;

	assert_null(table_broken(first));
	if ((child = fork()) == 0) {
		second = open_table(in_scratch("btree:", "cache"), TABLE_WRITE);
		_exit(table_broken(second) != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	table_close(first);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_and_read),
		cmocka_unit_test(test_wrong_lengths),
		cmocka_unit_test(test_with_and_without_nul),
		cmocka_unit_test(test_first_of_duplicates_stays),
		cmocka_unit_test(test_reader_sees_the_old_content_until_the_commit),
		cmocka_unit_test(test_a_rebuild_given_up_changes_nothing),
		cmocka_unit_test(test_readers_during_rebuilds),
		cmocka_unit_test(test_a_first_build_given_up_leaves_nothing),
		cmocka_unit_test(test_too_long_a_key),
		cmocka_unit_test(test_mode_comes_from_umask),
		cmocka_unit_test(test_single_changes_and_walk),
		cmocka_unit_test(test_many_entries),
		cmocka_unit_test(test_damaged_file_is_an_error),
#ifdef HAVE_DB		/* LMDB has many writers */
		cmocka_unit_test(test_second_writer_is_refused),
#endif
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
