#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/text/json.h"

static const struct {
	struct view in;
	const char *out;
} cases[] = {
	{ VIEW_INIT(""),              "\"\"" },
	{ VIEW_INIT("d\"\\e"),        "\"d\\\"\\\\e\"" },
	{ VIEW_INIT("a\tb\n\r"),      "\"a\\tb\\n\\r\"" },
	{ VIEW_INIT("\0\x01\x7f"),    "\"\\u0000\\u0001\\u007f\"" },
	{ VIEW_INIT("gr\xc3\xbcn"),   "\"gr\xc3\xbcn\"" },
	{ VIEW_INIT("\xf0\x9f\x98\x80x"), "\"\xf0\x9f\x98\x80x\"" },
	{ VIEW_INIT("\xc3"),          "\"\xef\xbf\xbd\"" },
	{ VIEW_INIT("\xffz"),         "\"\xef\xbf\xbdz\"" },
};

static void
test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf out = BUF_INIT;

		json_put_string(&out, cases[i].in);
		assert_string_equal(buf_c(&out), cases[i].out);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
