#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "global/queue/record.h"

static const struct {
	const char *name;
	struct view bytes;
	size_t max;
	int result, type;
	size_t len;
} rows[] = {
	{ "empty data", VIEW_INIT("M\0"), 0, 1, 'M', 0 },
	{ "short data", VIEW_INIT("N\3abc"), 0, 1, 'N', 3 },
	{ "any byte", VIEW_INIT("N\3\0\n\377"), 0, 1, 'N', 3 },
	{ "at the limit", VIEW_INIT("N\3abc"), 3, 1, 'N', 3 },
	{ "above the limit", VIEW_INIT("N\3abc"), 2, -1, 0, 0 },
	{ "nothing", VIEW_INIT(""), 0, 0, 0, 0 },
	{ "CQ5 type only", VIEW_INIT("N"), 0, 0, 0, 0 },
	{ "CQ5 end inside length", VIEW_INIT("N\203"), 0, 0, 0, 0 },
	{ "CQ5 length beyond the end", VIEW_INIT("N\4abc"), 0, 0, 0, 0 },
	{ "CQ5 huge length", VIEW_INIT("N\377\377\377\177abc"), 0, 0, 0, 0 },
	{ "CQ5 five groups", VIEW_INIT("N\200\200\200\200\0"), 0, -1, 0, 0 },
	{ "CQ5 groups without end", VIEW_INIT("N\377\377\377\377\377\377\377\377\377\377"), 0, -1, 0, 0 },
};

static void
test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct cursor in = cursor_of(rows[i].bytes);
		struct record record = { -1, VIEW_EMPTY };

		if (record_parse(&in, rows[i].max, &record) != rows[i].result)
			fail_msg("%s", rows[i].name);
		if (rows[i].result == 1) {
			assert_int_equal(record.type, rows[i].type);
			assert_int_equal(record.data.len, rows[i].len);
			assert_true(cursor_done(&in));
		} else {
			assert_ptr_equal(in.at, rows[i].bytes.data);
		}
	}
}

static void
test_lengths(void **state)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 129, 16383, 16384, 2097151, 2097152 };
	struct buf data = BUF_INIT, out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
		struct record record;
		struct cursor in;

		buf_reset(&data);
		buf_putn(&data, 'x', lengths[i]);
		buf_reset(&out);
		record_put(&out, RECORD_LINE, buf_view(&data));
		assert_int_equal(out.len, record_encoded_size(lengths[i]));
		in = cursor_of(buf_view(&out));
		assert_int_equal(record_parse(&in, 0, &record), 1);
		assert_true(view_equal(record.data, buf_view(&data)));
	}
	buf_fini(&data);
	buf_fini(&out);
}

static void
test_attributes(void **state)
{
	struct buf out = BUF_INIT;
	struct view name, value;

	record_put_attribute(&out, "encoding", VIEW_EMPTY);
	assert_int_equal(out.len, 0);
	record_put_attribute(&out, "log_ident", VIEW("A=B"));
	assert_true(view_equal(buf_view(&out), VIEW("A\15log_ident=A=B")));
	assert_true(record_attribute(VIEW("log_ident=A=B"), &name, &value));
	assert_true(view_is(name, "log_ident"));
	assert_true(view_is(value, "A=B"));
	assert_false(record_attribute(VIEW("encoding"), &name, &value));
	assert_false(record_attribute(VIEW("=8bit"), &name, &value));
	buf_reset(&out);
	record_printf(&out, RECORD_TIME, "%d %d", 12, 34);
	assert_true(view_equal(buf_view(&out), VIEW("T\00512 34")));
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_lengths), cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
