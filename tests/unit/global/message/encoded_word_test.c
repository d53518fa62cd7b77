#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/message/encoded_word.h"

static const struct {
	const char *name, *charset, *text, *expected;
} cases[] = {
	{ "mostly ASCII: quoted",	"utf-8", "J\xc3\xbcrgen M\xc3\xbcller", "=?utf-8?Q?J=C3=BCrgen_M=C3=BCller?=" },
	{ "another charset",		"iso-8859-15", "J\xfcrgen", "=?iso-8859-15?Q?J=FCrgen?=" },
	{ "mostly other: base64",	"utf-8", "\xd0\xb6\xd0\xb6\xd0\xb6", "=?utf-8?B?0LbQttC2?=" },
	{ "specials of the grammar",	"utf-8", "a=?_\"b\"(c) long enough \xc3\xa4",
	    "=?utf-8?Q?a=3D=3F=5F=22b=22=28c=29_long_enough_=C3=A4?=" },
	{ "nothing",			"utf-8", "", "" },
};

static void
test_words(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf out = BUF_INIT;

		encoded_words_put(&out, view_string(cases[i].text), cases[i].charset);
		if (!view_is(buf_view(&out), cases[i].expected))
			fail_msg("%s: %s", cases[i].name, buf_c(&out));
		buf_fini(&out);
	}
}

/* CQ18: a very long name becomes several words, and no character is cut in two. */
static void
test_long(void **state)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct view rest, word;
	size_t words = 0;

	for (int i = 0; i < 200; i++)
		buf_puts(&text, "\xd0\xb6");
	encoded_words_put(&out, buf_view(&text), "utf-8");
	rest = buf_view(&out);
	for (; view_word(&rest, " ", &word); words++) {
		assert_true(word.len <= ENCODED_WORD_MAX);
		assert_true(view_starts(word, VIEW("=?utf-8?B?0L")));
	}
	assert_true(words > 5);
	buf_fini(&text);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
