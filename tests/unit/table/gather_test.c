#include "support.h"

#include "table/gather.h"

static bool
note(void *arg, struct view key, struct view value, struct buf *why)
{
	buf_printf(arg, "%.*s=%.*s ", VIEW_ARG(key), VIEW_ARG(value));
	return true;
}

/* The text of all pairs; "key=value" separated by blanks. */
static const char *
sorted(const char *const *pairs, gather_rank *rank, unsigned flags)
{
	static struct buf out;
	struct gather *g = gather_new();

	buf_reset(&warnings);
	buf_reset(&out);
	for (; *pairs != NULL; pairs += 2)
		gather_put(g, view_string(pairs[0]), view_string(pairs[1]));
	gather_sort(g, rank, NULL, "file", flags);
	assert_true(gather_each(g, note, &out, NULL));
	gather_free(g);
	return buf_c(&out);
}

static uint64_t
rank_by_length(void *arg, struct view key)
{
	return key.len;
}

static const char *const none[] = { NULL };
static const char *const mixed[] = {
	"user2", "1", "user10", "2", "use", "3", "user1", "4", "", "5", "user\xff", "6", "user123456789b", "7",
	"user123456789a", "8", NULL,
};
static const char *const alike[] = { "same", "1", NULL };
static const char *const twice[] = { "z", "1", "b", "2", "z", "3", "a", "4", "b", "5", "z", "6", NULL };

static void
test_order(void **state)
{
	assert_string_equal(sorted(none, NULL, 0), "");
	assert_string_equal(sorted(alike, NULL, 0), "same=1 ");
	assert_string_equal(sorted(mixed, NULL, 0),
	    "=5 use=3 user1=4 user10=2 user123456789a=8 user123456789b=7 user2=1 user\xff=6 ");
	assert_string_equal(sorted(mixed, rank_by_length, 0),
	    "=5 use=3 user1=4 user2=1 user\xff=6 user10=2 user123456789a=8 user123456789b=7 ");
}

/* TB8: warnings stand in the order of the source. */
static void
test_duplicates(void **state)
{
	assert_string_equal(sorted(twice, NULL, 0), "a=4 b=5 z=6 ");
	assert_quiet();
	assert_string_equal(sorted(twice, NULL, TABLE_DUP_IGNORE), "a=4 b=2 z=1 ");
	assert_quiet();
	assert_string_equal(sorted(twice, NULL, TABLE_DUP_WARN), "a=4 b=2 z=1 ");
	assert_string_equal(buf_c(&warnings), "warning: file: duplicate entry: \"z\"\nwarning: file: duplicate entry: \"b\"\n"
	    "warning: file: duplicate entry: \"z\"\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_duplicates) };

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
