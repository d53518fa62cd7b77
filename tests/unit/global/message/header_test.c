#include "global/message/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/base/mem.h"

static const struct {
	const char *name, *line;
	size_t length;
} lines[] = {
	{ "plain", "To: a", 2 },
	{ "blank before the colon", "Subject : x", 7 },
	{ "no value", "X:", 1 },
	{ "no name", ": x", 0 },
	{ "no colon", "To", 0 },
	{ "two words", "To me: x", 0 },
	{ "continuation", " To: x", 0 },
	{ "From line", "From joe Mon", 0 },
	{ "empty", "", 0 },
	{ "eight bits", "T\xf6: x", 0 },
};

static void
test_names(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
		if (header_name_length(view_string(lines[i].line)) != lines[i].length)
			fail_msg("%s", lines[i].name);
	assert_int_equal(header_find(VIEW("reSENT-to"))->type, HEADER_RESENT_TO);
	assert_int_equal(header_find(VIEW("Resent-Tox"))->type, HEADER_OTHER);
	assert_int_equal(header_find(VIEW(""))->type, HEADER_OTHER);
}

static void
test_split(void **state)
{
	struct view name, value;

	assert_true(header_split(VIEW("Subject :  a\n b  "), &name, &value));
	assert_true(view_is(name, "Subject"));
	assert_true(view_is(value, "a\n b"));
	assert_false(header_split(VIEW("no header"), &name, &value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_names), cmocka_unit_test(test_split) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
