#include "support.h"
#include "table/bdb_reader.h"
#include "table/memory.h"
#include "util/file/file.h"
#include "util/text/encode.h"

/* Made by the library, release 5.3, with pages of 512 bytes (tests/data/bdb/make.c). */
static const struct {
	const char *file;
	size_t pairs;
} files[] = {
	{ "small.hash", 3 }, { "small.btree", 3 }, { "many.hash", 500 }, { "many.btree", 500 }, { "empty.hash", 0 },
	{ "empty.btree", 0 }, { "deleted.hash", 250 }, { "deleted.btree", 250 }, { "long.hash", 2 }, { "long.btree", 2 },
};

static void
read_fixture(const char *name, struct buf *out)
{
	struct buf path = BUF_INIT, why = BUF_INIT;

	buf_printf(&path, "tests/data/bdb/%s.db", name);
	buf_reset(out);
	assert_true(file_read_all(buf_c(&path), 1 << 24, out, &why));
	buf_fini(&path);
}

static bool
keep(void *arg, struct view key, struct view value)
{
	assert_true(memory_put(arg, key, value, false));
	return true;
}

/* "key N" → "value N"; keys of the long files are 2000 times the letter, values 5000. */
static void
check(const struct memory *memory, const char *name)
{
	struct buf value = BUF_INIT, key = BUF_INIT;

	if (strncmp(name, "long", 4) == 0) {
		buf_putn(&key, 'k', 2000);
		assert_int_equal(memory_get(memory, buf_view(&key), &value), LOOKUP_FOUND);
		assert_int_equal(value.len, 5000);
		assert_true(value.data[0] == 'v' && value.data[4999] == 'v');
	} else if (strncmp(name, "empty", 5) != 0) {
		assert_int_equal(memory_get(memory, view_bytes("key 1", 6), &value), LOOKUP_FOUND);
		assert_string_equal(buf_c(&value), "value 1");
	}
	buf_fini(&key);
	buf_fini(&value);
}

static void
test_files_of_the_library(void **state)
{
	struct buf file = BUF_INIT, why = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		struct memory *memory = memory_new();
		struct buf key = BUF_INIT, value = BUF_INIT;
		size_t count = 0;

		read_fixture(files[i].file, &file);
		assert_true(bdb_read(buf_view(&file), keep, memory, &why));
		while (memory_next(memory, count == 0, &key, &value) == LOOKUP_FOUND)
			count++;
		assert_int_equal(count, files[i].pairs);
		check(memory, files[i].file);
		memory_free(memory);
		buf_fini(&key);
		buf_fini(&value);
	}
	buf_fini(&file);
}

static bool
in_order(void *arg, struct view key, struct view value)
{
	struct buf *last = arg;

	assert_true(last->len == 0 || view_compare(buf_view(last), key) < 0);
	buf_set(last, key);
	return true;
}

static void
test_btree_keeps_order(void **state)
{
	struct buf file = BUF_INIT, last = BUF_INIT;

	read_fixture("many.btree", &file);
	assert_true(bdb_read(buf_view(&file), in_order, &last, NULL));
	buf_fini(&file);
	buf_fini(&last);
}

static bool
count_pair(void *arg, struct view key, struct view value)
{
	++*(size_t *)arg;
	return true;
}

/* Every file cut at many places and with bytes of its first pages changed: whatever comes of it, it ends. */
static void
test_damaged_files_end(void **state)
{
	struct buf file = BUF_INIT, why = BUF_INIT;
	size_t pairs = 0;

	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		read_fixture(files[i].file, &file);
		for (size_t n = 0; n < file.len; n += 97)
			bdb_read(view_slice(buf_view(&file), 0, n), count_pair, &pairs, &why);
		for (size_t at = 0; at < file.len && at < 2048; at += 3) {
			char old = file.data[at];

			file.data[at] = (char)(old ^ 0x91);
			bdb_read(buf_view(&file), count_pair, &pairs, &why);
			file.data[at] = old;
		}
	}
	buf_fini(&file);
	buf_fini(&why);
}

static void
test_other_files_are_refused(void **state)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	size_t pairs = 0;

	assert_false(bdb_read(VIEW_EMPTY, count_pair, &pairs, &why));
	buf_putn(&text, 'x', 4096);
	assert_false(bdb_read(buf_view(&text), count_pair, &pairs, &why));
	assert_non_null(strstr(buf_c(&why), "not a hash or btree database"));
	assert_int_equal(pairs, 0);
	buf_fini(&text);
	buf_fini(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_of_the_library),
		cmocka_unit_test(test_btree_keeps_order),
		cmocka_unit_test(test_damaged_files_end),
		cmocka_unit_test(test_other_files_are_refused),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
