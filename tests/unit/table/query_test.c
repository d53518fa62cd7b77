/* The % templates of SQL tables (TB2, TB6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "table/query.h"

static bool
double_quotes(void *arg, struct view piece, struct buf *out)
{
	for (size_t i = 0; i < piece.len; i++) {
		if (piece.data[i] == '\'')
			buf_putc(out, '\'');
		buf_putc(out, piece.data[i]);
	}
	return true;
}

static const struct {
	const char *template, *key, *expected;		/* NULL: there is no such query */
} queries[] = {
	{ "x = '%s'", "a@b.c", "x = 'a@b.c'" },
	{ "x = '%s'", "' or '1", "x = ''' or ''1'" },
	{ "%u at %d", "a@b.c", "a at b.c" },
	{ "%u", "plain", "plain" },
	{ "%d", "plain", NULL },
	{ "%1.%2.%3", "a@x.y.z", "z.y.x" },
	{ "%4", "a@x.y.z", NULL },
	{ "%1", "plain", NULL },
	{ "100%% %S", "k", "100% k" },
	{ "", "k", "" },
};

static void
test_queries(void **state)
{
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct buf out = BUF_INIT;
		bool made = query_expand(queries[i].template, view_string(queries[i].key), double_quotes, NULL, &out);

		assert_int_equal(made, queries[i].expected != NULL);
		if (made)
			assert_string_equal(buf_c(&out), queries[i].expected);
		buf_fini(&out);
	}
}

static void
test_formats(void **state)
{
	struct buf out = BUF_INIT;

	assert_true(query_format("<%s> %u %d %S %U %D %2", VIEW("k@key.test"), VIEW("v@value.test"), &out));
	assert_string_equal(buf_c(&out), "<v@value.test> v value.test k@key.test k key.test key");
	assert_false(query_format("%d", VIEW("k@key.test"), VIEW("value"), &out));
	buf_fini(&out);
}

static void
test_bad_templates(void **state)
{
	assert_true(query_template_valid("%s %% %U %9", NULL));
	assert_false(query_template_valid("%", NULL));
	assert_false(query_template_valid("a %z", NULL));
	assert_false(query_template_valid("%0", NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_bad_templates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
