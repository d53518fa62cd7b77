#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/text/casefold.h"

static const struct {
	const char *name, *in, *ascii, *utf8;
} cases[] = {
	{ "ascii",              "A-z@Example.ORG", "a-z@example.org", "a-z@example.org" },
	{ "empty",              "",                "",                "" },
	{ "umlauts",            "\xc3\x84rger",    "\xc3\x84rger",    "\xc3\xa4rger" },
	{ "sharp s",            "Stra\xc3\x9f" "e",  "stra\xc3\x9f" "e",  "strasse" },
	{ "greek final sigma",  "\xcf\x82",        "\xcf\x82",        "\xcf\x83" },
	{ "every second one",   "\xc4\x80\xc4\x81\xc4\x82", "\xc4\x80\xc4\x81\xc4\x82", "\xc4\x81\xc4\x81\xc4\x83" },
	{ "four bytes",         "\xf0\x90\x90\x80", "\xf0\x90\x90\x80", "\xf0\x90\x90\xa8" },
	{ "not UTF-8",          "A\xff",           "a\xff",           "a\xff" },
};

static void
test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf ascii = BUF_INIT, utf8 = BUF_INIT;

		casefold_put(&ascii, view_string(cases[i].in), false);
		casefold_put(&utf8, view_string(cases[i].in), true);
		assert_string_equal(buf_c(&ascii), cases[i].ascii);
		assert_string_equal(buf_c(&utf8), cases[i].utf8);
		buf_fini(&ascii);
		buf_fini(&utf8);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
