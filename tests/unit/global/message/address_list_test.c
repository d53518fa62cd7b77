#include "global/message/address_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/base/mem.h"

/* The addresses found, divided by '|'. */
static const struct {
	const char *name, *value, *found;
} lists[] = {
	{ "one", "a@b.test", "a@b.test" },
	{ "three", "a, b@c , d", "a|b@c|d" },
	{ "angle", "Joe User <joe@x.test>", "joe@x.test" },
	{ "quoted phrase", "\"Joe, User\" <joe>", "joe" },
	{ "comment behind", "user (Joe, User)", "user" },
	{ "comment inside", "user (x) @ (y) host", "user@host" },
	{ "quoted local part", "\"a b\"@c", "a b@c" },
	{ "folded quoted local part", "\"a\n b\"@c", "a b@c" },
	{ "folded literal", "a@[1\r\n\t2]", "a@[1\t2]" },
	{ "quoted line end", "a\\\nb@c", "ab@c" },
	{ "quote in a quoted local part", "\"a\\\"b\"@c", "a\"b@c" },
	{ "quote at the end", "\"a\\\"\"@c", "a\"@c" },
	{ "group", "list: a, b@c;, d", "a|b@c|d" },
	{ "empty group", "undisclosed-recipients:;", "" },
	{ "route", "<@a.test,@b.test:u@c.test>, d", "@a.test,@b.test:u@c.test|d" },
	{ "route without brackets", "@a.test,@b.test:u@c.test, d", "@a.test,@b.test:u@c.test|d" },
	{ "route with comments", "@a (x) , (y) @b:u@c, d", "@a,@b:u@c|d" },
	{ "no route", "@a, b, @c", "@a|b|@c" },
	{ "no route, then a group", "@a, g: b;", "@a|b" },
	{ "no route, then brackets", "@a, @b <c>", "@a|c" },
	{ "null path", "<>", "" },
	{ "literal", "u@[1.2.3.4]", "u@[1.2.3.4]" },
	{ "encoded word", "=?utf-8?q?J=C3=B6?= <j@x>", "j@x" },
	{ "folded", "a,\n\tb", "a|b" },
	{ "empty elements", ",, a ,,", "a" },
	{ "empty", "", "" },
	{ "unclosed quote", "\"a", "a" },
	{ "unclosed comment", "a (b", "a" },
	{ "unclosed angle", "x <a@b", "a@b" },
	{ "backslash at the end", "a\\", "a" },
	{ "AD5 brackets", "<><><>", "||" },
	{ "two words", "alice bob", "alice bob" },
};

static void
test_find(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		struct arena arena = ARENA_INIT;
		struct address_list list;
		struct address_item item;
		struct buf found = BUF_INIT;
		size_t count = 0;

		address_list_init(&list, view_string(lists[i].value), 1000, &arena);
		while (address_list_next(&list, &item)) {
			if (count++ > 0)
				buf_putc(&found, '|');
			buf_putv(&found, item.internal);
		}
		if (!view_is(buf_view(&found), lists[i].found))
			fail_msg("%s: found '%s'", lists[i].name, buf_c(&found));
		buf_fini(&found);
		arena_fini(&arena);
	}
}

static void
complete(void *arg, struct view internal, struct buf *out)
{
	buf_putv(out, internal);
	if (internal.len > 0 && view_find(internal, '@') < 0)
		buf_puts(out, "@o.test");
}

static const struct {
	const char *name, *value, *out;
} rewrites[] = {
	{ "bare", "user", "user@o.test" },
	{ "phrase", "Joe User <user>", "Joe User <user@o.test>" },
	{ "quoted phrase", "\"Joe, User\" <user>", "\"Joe, User\" <user@o.test>" },
	{ "list", "one, two@x.test,\n three", "one@o.test, two@x.test,\n three@o.test" },
	{ "comment", "user (Joe User)", "user@o.test (Joe User)" },
	{ "comment inside", "a (b) c", "\"a c\"@o.test (b)" },
	{ "unchanged stays as written", "user (x) @ host", "user (x) @ host" },
	{ "group", "g: a, b;", "g: a@o.test, b@o.test;" },
	{ "null path", "<>", "<>" },
	{ "empty", "", "" },
	{ "long list", " first, second, third, fourth, fifth, sixth, seventh, eighth, ninth",
	  " first@o.test, second@o.test, third@o.test, fourth@o.test, fifth@o.test,\n"
	  "\tsixth@o.test, seventh@o.test, eighth@o.test, ninth@o.test" },
	{ "long list with names", "\"Alpha, Beta\" <somebody-with-a-long-name>,  \"Gamma, Delta\" <another>",
	  "\"Alpha, Beta\" <somebody-with-a-long-name@o.test>,\n\t\"Gamma, Delta\" <another@o.test>" },
	{ "long list that is folded already", "somebody-with-a-long-name,\n another-with-a-long-name,\n  third-with-a-long-name",
	  "somebody-with-a-long-name@o.test,\n another-with-a-long-name@o.test,\n  third-with-a-long-name@o.test" },
};

static void
test_rewrite(void **state)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(rewrites); i++) {
		address_list_rewrite(view_string(rewrites[i].value), 1000, complete, NULL, &out);
		if (!view_is(buf_view(&out), rewrites[i].out))
			fail_msg("%s: '%s'", rewrites[i].name, buf_c(&out));
	}
	buf_fini(&out);
}

/* HM6: a limit on tokens, and what lies behind it stays as it is */
static void
test_token_limit(void **state)
{
	struct buf out = BUF_INIT;

	address_list_rewrite(VIEW("a, b, c"), 3, complete, NULL, &out);
	assert_string_equal(buf_c(&out), "a@o.test, b@o.test, c");
	buf_fini(&out);
}

static const struct {
	const char *name, *value, *out;
} divided[] = {
	{ "blanks", "a@x.test b@x.test\tc", "a@x.test,b@x.test,c" },
	{ "commas and blanks", " a, b c ", "a,,b,c" },
	{ "blanks in an address", "a @ x . test b@ x c @y  d", "a @ x . test,b@ x,c @y,,d" },
	{ "phrase", "Joe User <joe>, b", "Joe User <joe>, b" },
	{ "quoted", "\"a b\"@x.test c", "\"a b\"@x.test c" },
	{ "comment", "a (b c)", "a (b c)" },
	{ "empty", "", "" },
};

static void
test_divide(void **state)
{
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(divided); i++)
		if (!view_is(address_list_divide(&arena, view_string(divided[i].value)), divided[i].out))
			fail_msg("%s", divided[i].name);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find), cmocka_unit_test(test_divide), cmocka_unit_test(test_rewrite), cmocka_unit_test(test_token_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
