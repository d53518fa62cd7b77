#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/smtp/content.h"

enum { DATA = 1, STRICT = 2 };

/* Lines are shown with '|' behind them, parts with '/'; what is not taken follows after '!'. */
static const struct {
	const char *name, *in, *out;
	int mode;
	size_t limit;
} cases[] = {
	{ "plain",			"a\r\nb\r\n.\r\n",		"a|b|!",		DATA | STRICT, 100 },
	{ "unstuffed",			"..\r\n.x\r\n...\r\n.\r\n",	".|x|..|!",		DATA | STRICT, 100 },
	{ "empty",			".\r\nQUIT\r\n",		"!QUIT\r\n",		DATA | STRICT, 100 },
	{ "rest stays",			"a\r\n.\r\nMAIL",		"a|!MAIL",		DATA, 100 },
	{ "SM6 LF.LF strict",		"a\n.\nb\r\n.\r\n",		"a||b|!",		DATA | STRICT, 100 },
	{ "SM6 LF.CRLF strict",		"a\n.\r\nb\r\n.\r\n",		"a||b|!",		DATA | STRICT, 100 },
	{ "SM6 CRLF.LF strict",		"a\r\n.\nb\r\n.\r\n",		"a||b|!",		DATA | STRICT, 100 },
	{ "SM6 LF.LF lenient",		"a\n.\nb",			"a|!b",			DATA, 100 },
	{ "SM6 CR.CR",			"a\r.\rb\r\n.\r\n",		"a\r.\rb|!",		DATA | STRICT, 100 },
	{ "SM6 CR.CRLF",		"a\r.\r\nb\r\n.\r\n",		"a\r.|b|!",		DATA | STRICT, 100 },
	{ "SM7 CRLF.CRCRLF",		"a\r\n.\r\r\nb\r\n.\r\n",	"a|\r|b|!",		DATA | STRICT, 100 },
	{ "SM7 CRLF.CRCRLF lenient",	"a\r\n.\r\r\nb\r\n.\r\n",	"a|\r|b|!",		DATA, 100 },
	{ "long line",			"abcdefgh\r\n.\r\n",		"abcd/efgh/|!",		DATA | STRICT, 4 },
	{ "CR at the limit",		"abc\r\ndef\r\n.\r\n",		"abc/|def/|!",		DATA | STRICT, 4 },
	{ "dot behind a part",		"abcd.\r\n.\r\n",		"abcd/.|!",		DATA | STRICT, 4 },
	{ "BD5 dots in chunks",		".\r\n..\r\n",			".|..|!",		0, 100 },
	{ "BD8 bare LF in chunks",	"a\nb\r\n",			"a|b|!",		0, 100 },
	{ "no line end",		"a\r\nb",			"a|b|!",		0, 100 },
	{ "BD4 no line end at all",	"abcdefgh",			"abcd/efgh/|!",		0, 4 },
};

static void
show(struct view text, bool complete, void *arg)
{
	buf_putv(arg, text);
	buf_putc(arg, complete ? '|' : '/');
}

/* step: how many bytes come at once */
static void
check(size_t i, size_t step)
{
	struct buf out = BUF_INIT;
	struct smtp_content content = { .line_limit = cases[i].limit, .dots = (cases[i].mode & DATA) != 0,
	    .strict = (cases[i].mode & STRICT) != 0, .line = show, .arg = &out };
	struct view rest = view_string(cases[i].in);

	while (rest.len > 0 && !content.ended) {
		size_t taken = smtp_content_feed(&content, view_slice(rest, 0, step));

		assert_true(taken > 0);
		rest = view_slice(rest, taken, rest.len);
	}
	smtp_content_finish(&content);
	buf_putc(&out, '!');
	buf_putv(&out, rest);
	if (strcmp(buf_c(&out), cases[i].out) != 0)
		fail_msg("%s in steps of %zu: %s", cases[i].name, step, buf_c(&out));
	smtp_content_fini(&content);
	buf_fini(&out);
}

static void
test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		for (size_t step = 1; step < 8; step++)
			check(i, step);
		check(i, 1000);
	}
}

static void
ignore(struct view text, bool complete, void *arg)
{
}

static void
test_bare_lf_is_noticed(void **state)
{
	struct smtp_content content = { .line_limit = 100, .dots = true, .line = ignore };

	smtp_content_feed(&content, VIEW("a\r\n"));
	assert_false(content.bare_lf);
	smtp_content_feed(&content, VIEW("b\nc\r\n.\r\n"));
	assert_true(content.bare_lf);
	assert_true(content.ended);
	smtp_content_fini(&content);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bare_lf_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
