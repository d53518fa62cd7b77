#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/text/words.h"

static const struct {
	const char *name, *in, *words;	/* words joined by '|'; NULL: must be refused */
} lists[] = {
	{ "empty",          " , ",                          "" },
	{ "blanks, commas", "a, b\tc\n,d",                  "a|b|c|d" },
	{ "braces",         "{ a, b } c",                   "{ a, b }|c" },
	{ "braces inside",  "inline:{a=1, {b = 2}}, x",     "inline:{a=1, {b = 2}}|x" },
	{ "stray closing",  "a} b",                         "a}|b" },
	{ "unclosed",       "a {b",                         NULL },
};

static void
test_lists(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		struct view rest = view_string(lists[i].in), word;
		struct buf joined = BUF_INIT, why = BUF_INIT;

		while (words_next(&rest, &word, &why))
			buf_printf(&joined, "%s%.*s", joined.len > 0 ? "|" : "", VIEW_ARG(word));
		assert_int_equal(why.len > 0, lists[i].words == NULL);
		if (lists[i].words != NULL)
			assert_string_equal(buf_c(&joined), lists[i].words);
		buf_fini(&joined);
		buf_fini(&why);
	}
}

static const struct {
	const char *in, *inner;
} inners[] = {
	{ "{ a b }", "a b" }, { "{}", "" }, { "{a}{b}", NULL }, { "{a", NULL }, { "a}", NULL }, { "", NULL },
	{ "{{a}", NULL }, { "{{a}}", "{a}" },
};

static void
test_inner(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(inners); i++) {
		struct view inner;
		bool good = words_inner(view_string(inners[i].in), &inner, NULL);

		assert_int_equal(good, inners[i].inner != NULL);
		if (good)
			assert_true(view_is(inner, inners[i].inner));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lists), cmocka_unit_test(test_inner) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
