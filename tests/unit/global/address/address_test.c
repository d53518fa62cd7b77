#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/address/address.h"

#define BOTH	(-1)

static const struct {
	const char *name, *in, *internal;	/* internal == NULL: must be refused */
	int strict;				/* 0, 1, BOTH */
} paths[] = {
	{ "null path",			"<>",				"",			BOTH },
	{ "plain",			"<a@ex.org>",			"a@ex.org",		BOTH },
	{ "no domain",			"<postmaster>",			"postmaster",		BOTH },
	{ "quoted at sign",		"<\"a@b\"@ex.org>",		"a@b@ex.org",		BOTH },
	{ "AD7 at sign, no domain",	"<\"a@b\">",			"a@b",			BOTH },
	{ "AD7 at sign, bad domain",	"<\"a@b c\">",			NULL,			BOTH },
	{ "AD7 at sign in a pair",	"<a\\@b>",			"a@b",			BOTH },
	{ "AD7 at sign in the domain",	"<a@\"b@c\">",			"a@b@c",		BOTH },
	{ "AD1 shell characters",	"<;cmd;>",			NULL,			1 },
	{ "AD1 separators",		"<;cmd;>",			"cmd",			0 },
	{ "AD6 empty quotes",		"<\"\">",			"",			BOTH },
	{ "AD6 domain only",		"<@dom>",			"@dom",			0 },
	{ "AD6 domain only",		"<@dom>",			NULL,			1 },
	{ "AD6 empty quotes, domain",	"<\"\"@dom>",			"@dom",			0 },
	{ "AD6 empty quotes, domain",	"<\"\"@dom>",			NULL,			1 },
	{ "AD6 route only",		"<@a:>",			"",			BOTH },
	{ "AD6 lone colon",		"<:>",				":",			BOTH },
	{ "AD6 lone separator",		"<,>",				"",			0 },
	{ "AD6 lone separator",		"<,>",				NULL,			1 },
	{ "AD6 lone comment",		"<(a)>",			"",			0 },
	{ "AD6 half a bracket",		">",				"",			0 },
	{ "AD6 half a bracket",		"<",				NULL,			BOTH },
	{ "AD6 at sign at the end",	"<a@ex.org@>",			NULL,			BOTH },
	{ "AD6 at sign first",		"<@b@ex.org>",			"@b@ex.org",		0 },
	{ "AD6 at sign first",		"<@b@ex.org>",			NULL,			1 },
	{ "colon first",		"<:b@ex.org>",			":b@ex.org",		BOTH },
	{ "colon in the domain",	"<b@ex.org:25>",		NULL,			BOTH },
	{ "bracket too many",		"<a@ex.org>>",			"a@ex.org",		BOTH },
	{ "bracket missing",		"<<a@ex.org>",			NULL,			BOTH },
	{ "empty route",		"<@:a@ex.org>",			"a@ex.org",		BOTH },
	{ "route with a gap",		"<@r,:a@ex.org>",		"a@ex.org",		BOTH },
	{ "route without its at sign",	"<@r,s:a@ex.org>",		"a@ex.org",		BOTH },
	{ "route with a literal",	"<@[192.0.2.1]:a@ex.org>",	"a@ex.org",		BOTH },
	{ "route with a blank",		"<@r a@ex.org>",		NULL,			BOTH },
	{ "two routes",			"<@r:@s:a@ex.org>",		"a@ex.org",		0 },
	{ "two routes",			"<@r:@s:a@ex.org>",		NULL,			1 },
	{ "separator behind",		"<a@ex.org;>",			"a@ex.org",		0 },
	{ "separator behind",		"<a@ex.org;>",			NULL,			1 },
	{ "separator before",		"<,a@ex.org>",			"a@ex.org",		0 },
	{ "separators between",		"<a,b@ex.org>",			NULL,			BOTH },
	{ "group",			"<g:a@ex.org;>",		"a@ex.org",		0 },
	{ "group",			"<g:a@ex.org;>",		NULL,			1 },
	{ "empty group",		"<g:;>",			"",			0 },
	{ "group of two",		"<g:a@b, c@d;>",		NULL,			BOTH },
	{ "separator in quotes",	"<\"a;\"@ex.org>",		"a;@ex.org",		BOTH },
	{ "tab in quotes",		"<\"a\tb\"@ex.org>",		"a b@ex.org",		BOTH },
	{ "parenthesis in an atom",	"<a)b@ex.org>",			"a)b@ex.org",		BOTH },
	{ "parenthesis in a domain",	"<a@ex.org)>",			NULL,			BOTH },
	{ "literal as a local part",	"<[x]@ex.org>",			"[x]@ex.org",		BOTH },
	{ "literal beside an atom",	"<a[x]@ex.org>",		NULL,			BOTH },
	{ "literal without its end",	"<a@[192.0.2.1>",		"a@[192.0.2.1]",	BOTH },
	{ "literal without anything",	"<a@[>",			NULL,			BOTH },
	{ "untagged IPv6 literal",	"<a@[::1]>",			NULL,			BOTH },
	{ "unclosed comment",		"<a@ex.org (hi>",		"a@ex.org",		0 },
	{ "unclosed comment",		"<a@ex.org (hi>",		NULL,			1 },
	{ "unclosed comment first",	"<(((a@ex.org>",		"",			0 },
	{ "quotes in the domain",	"<a@\"b\".org>",		"a@b.org",		BOTH },
	{ "blank in a quoted domain",	"<a@\"b c\".org>",		NULL,			BOTH },
	{ "pair in the domain",		"<a@b\\.org>",			"a@b.org",		BOTH },
	{ "quoted pair",		"<\"a\\\"b\"@ex.org>",		"a\"b@ex.org",		BOTH },
	{ "escaped closing quote",	"<\"a\\\"@ex.org>",		NULL,			BOTH },
	{ "source route",		"<@x.test,@y.test:a@ex.org>",	"a@ex.org",		BOTH },
	{ "literal",			"<a@[192.0.2.1]>",		"a@[192.0.2.1]",	BOTH },
	{ "IPv6 literal (AD10)",	"<a@[IPv6:2001:db8::1]>",	"a@[IPv6:2001:db8::1]",	BOTH },
	{ "bad literal",		"<a@[1.2.3]>",			NULL,			BOTH },
	{ "unclosed bracket",		"<a@ex.org",			NULL,			BOTH },
	{ "unclosed quote",		"<\"a@ex.org>",			NULL,			BOTH },
	{ "two dots in the domain",	"<a@b..c>",			NULL,			BOTH },
	{ "label begins with a hyphen",	"<a@b.-c>",			NULL,			BOTH },
	{ "label ends with a hyphen",	"<a@b-.c>",			NULL,			BOTH },
	{ "hyphen inside",		"<a@b-c.d>",			"a@b-c.d",		BOTH },
	{ "blank inside",		"<a b@ex.org>",			NULL,			BOTH },
	{ "AD1 with domain",		"<;cmd;@ex.org>",		NULL,			BOTH },
	{ "AD6 at sign",		"<@>",				NULL,			BOTH },
	{ "AD6 lone dot",		"<.>",				".",			BOTH },
	{ "AD6 dot and bang",		"<.!>",				".!",			BOTH },
	{ "AD4 byte 0xff",		"<\xff@ex.org>",		"\xff@ex.org",		BOTH },
	{ "AD7 two at signs",		"<user@remote@here>",		"user@remote@here",	BOTH },
	{ "AD7 percent and bang",	"<x!user%y@here>",		"x!user%y@here",	BOTH },
	{ "UTF-8",			"<m\xc3\xbcller@ex\xc3\xa4mple.org>", "m\xc3\xbcller@ex\xc3\xa4mple.org", BOTH },
	{ "numeric domain",		"<a@192.0.2.1>",		"a@192.0.2.1",		BOTH },
	{ "trailing dot",		"<a@ex.org.>",			"a@ex.org",		BOTH },
	{ "dots in the local part",	"<.a..b.@ex.org>",		".a..b.@ex.org",	BOTH },
	{ "blanks around parts",	"< a @ex.org >",		"a@ex.org",		BOTH },
	{ "brackets in brackets",	"<<a@ex.org>>",			"a@ex.org",		BOTH },
	{ "pair beside an atom",	"<a\\@b@ex.org>",		"a@b@ex.org",		BOTH },
	{ "quotes beside an atom",	"<\"a\"b@ex.org>",		NULL,			BOTH },
	{ "atom beside quotes",		"<a\"b\"@ex.org>",		NULL,			BOTH },
	{ "colon",			"<a:b@ex.org>",			"a:b@ex.org",		BOTH },
	{ "bare, with half a bracket",	"a@ex.org>",			"a@ex.org",		0 },
	{ "bare, with half a bracket",	"a@ex.org>",			NULL,			1 },
	{ "bare",			"a@ex.org",			"a@ex.org",		0 },
	{ "bare",			"a@ex.org",			NULL,			1 },
	{ "leading blank",		" <a@ex.org>",			"a@ex.org",		0 },
	{ "leading blank",		" <a@ex.org>",			NULL,			1 },
	{ "display name",		"<A Tester <a@ex.org>>",	"a@ex.org",		0 },
	{ "display name",		"<A Tester <a@ex.org>>",	NULL,			1 },
	{ "comment",			"<a@ex.org (hi (there))>",	"a@ex.org",		0 },
	{ "comment",			"<a@ex.org (hi (there))>",	NULL,			1 },
	{ "AD5 deep comment",		"<((((((((((((((((((((((a@b))>", NULL,			0 },
	{ "AD5 deep brackets",		"<<<<<<<<<<a@b>>>>>>>>>>",	NULL,			0 },
	{ "quoted word beside an atom",	"<a.\"b c\"@ex.org>",		"a.b c@ex.org",		0 },
	{ "backslash at the end",	"<a\\",				NULL,			0 },
	{ "control",			"<a\x01@ex.org>",		NULL,			BOTH },
	{ "empty",			"",				NULL,			BOTH },
};

static void
check_path(const char *name, const char *in, const char *internal, bool strict)
{
	struct arena arena = ARENA_INIT;
	struct buf joined = BUF_INIT, why = BUF_INIT;
	struct cursor cursor = cursor_of(view_string(in)), before = cursor;
	struct address address;

	if (!address_parse_path(&cursor, strict, &arena, &address, &why)) {
		if (internal != NULL)
			fail_msg("%s: refused: %s", name, buf_c(&why));
		assert_ptr_equal(cursor.at, before.at);
		assert_true(why.len > 0);
	} else {
		if (internal == NULL)
			fail_msg("%s: accepted", name);
		address_join(&joined, &address);
		assert_string_equal(buf_c(&joined), internal);
		assert_true(cursor_done(&cursor));
	}
	buf_fini(&joined);
	buf_fini(&why);
	arena_fini(&arena);
}

static void
test_paths(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
		if (paths[i].strict != 1)
			check_path(paths[i].name, paths[i].in, paths[i].internal, false);
		if (paths[i].strict != 0)
			check_path(paths[i].name, paths[i].in, paths[i].internal, true);
	}
}

static void
test_path_ends_at_its_bracket(void **state)
{
	struct arena arena = ARENA_INIT;
	struct cursor in = cursor_of(VIEW("<\"a>b\"@ex.org> SIZE=10"));
	struct address address;

	assert_true(address_parse_path(&in, true, &arena, &address, NULL));
	assert_true(view_is(cursor_rest(&in), " SIZE=10"));
	in = cursor_of(VIEW("<><><>"));		/* AD5: what is left is the caller's to refuse */
	assert_true(address_parse_path(&in, false, &arena, &address, NULL));
	assert_true(view_is(cursor_rest(&in), "<><>"));
	arena_fini(&arena);
}

static void
test_nul_is_refused(void **state)
{
	struct arena arena = ARENA_INIT;
	struct address address;
	struct cursor in = cursor_of(VIEW("<a\0b@ex.org>")), route = cursor_of(VIEW("<@x\0y:a@b>"));

	assert_false(address_parse_path(&in, false, &arena, &address, NULL));
	assert_false(address_parse_path(&route, false, &arena, &address, NULL));
	arena_fini(&arena);
}

/* AD12: addresses around the sizes in which buffers grow */
static void
test_long_paths(void **state)
{
	for (size_t n = 1; n < 1030; n += n < 60 || n > 1020 ? 1 : 61) {
		struct arena arena = ARENA_INIT;
		struct buf text = BUF_INIT, quoted = BUF_INIT;
		struct address address;
		struct cursor in;

		buf_puts(&text, "<\"");
		buf_putn(&text, ' ', n);
		buf_puts(&text, "\"@ex.org>");
		in = cursor_of(buf_view(&text));
		assert_true(address_parse_path(&in, true, &arena, &address, NULL));
		assert_int_equal(address.local.len, n);
		buf_reset(&text);
		address_join(&text, &address);
		address_quote(&quoted, buf_view(&text));
		assert_int_equal(quoted.len, text.len + 2);
		buf_fini(&text);
		buf_fini(&quoted);
		arena_fini(&arena);
	}
}

static const struct {
	const char *internal, *external;
} forms[] = {
	{ "",			"" },
	{ "a@ex.org",		"a@ex.org" },
	{ "a",			"a" },
	{ "a b@ex.org",		"\"a b\"@ex.org" },		/* AD11 */
	{ "a@b@ex.org",		"\"a@b\"@ex.org" },
	{ "a\"b\\@ex.org",	"\"a\\\"b\\\\\"@ex.org" },
	{ "a..b@ex.org",	"\"a..b\"@ex.org" },
	{ ".a@ex.org",		"\".a\"@ex.org" },
	{ "@ex.org",		"\"\"@ex.org" },
	{ "m\xc3\xbc@ex.org",	"m\xc3\xbc@ex.org" },
	{ "a@[192.0.2.1]",	"a@[192.0.2.1]" },
};

static void
test_forms(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		struct buf out = BUF_INIT;

		address_quote(&out, view_string(forms[i].internal));
		assert_string_equal(buf_c(&out), forms[i].external);
		buf_reset(&out);
		assert_true(address_unquote(&out, view_string(forms[i].external)));
		assert_string_equal(buf_c(&out), forms[i].internal);
		buf_fini(&out);
	}
}

static void
test_unquote_refuses_and_leaves_out(void **state)
{
	struct buf out = BUF_INIT;

	buf_puts(&out, "kept");
	assert_false(address_unquote(&out, VIEW("\"open@ex.org")));
	assert_false(address_unquote(&out, VIEW("end\\")));
	assert_string_equal(buf_c(&out), "kept");
	buf_fini(&out);
}

static const struct {
	const char *local, *delimiters;
	bool special;
	const char *user, *extension;		/* user == NULL: not split */
} extensions[] = {		/* AD9 */
	{ "user+ext",		"+",	true,	"user", "ext" },
	{ "user+a+b",		"+",	true,	"user", "a+b" },
	{ "user-x+y",		"+-",	true,	"user", "x+y" },
	{ "user.x",		".",	true,	"user", "x" },
	{ "user+",		"+",	true,	"user", "" },
	{ "user",		"+",	true,	NULL, NULL },
	{ "+ext",		"+",	true,	NULL, NULL },
	{ "user+ext",		"",	true,	NULL, NULL },
	{ "user+bad/ext",	"+",	true,	"user", "bad/ext" },		/* AD8 */
	{ "owner-list",		"-",	true,	NULL, NULL },
	{ "owner-list",		"-",	false,	"owner", "list" },
	{ "list-request",	"+-",	true,	NULL, NULL },
	{ "owner-list+x",	"+",	true,	"owner-list", "x" },
	{ "owner-",		"-",	true,	"owner", "" },
	{ "-request",		"-",	true,	NULL, NULL },
	{ "Mailer-Daemon",	"-",	true,	NULL, NULL },
	{ "double-bounce",	"-",	false,	NULL, NULL },
};

static void
test_extensions(void **state)
{
	struct view user, extension;

	for (size_t i = 0; i < ARRAY_COUNT(extensions); i++) {
		bool split = address_split_extension(view_string(extensions[i].local), extensions[i].delimiters,
		    extensions[i].special, &user, &extension);

		assert_int_equal(split, extensions[i].user != NULL);
		if (split) {
			assert_true(view_is(user, extensions[i].user));
			assert_true(view_is(extension, extensions[i].extension));
		}
	}
}

static void
test_equal(void **state)
{
	assert_true(address_equal(VIEW("a@EX.org"), VIEW("a@ex.ORG")));
	assert_false(address_equal(VIEW("A@ex.org"), VIEW("a@ex.org")));
	assert_false(address_equal(VIEW("a"), VIEW("a@ex.org")));
	assert_true(address_equal(VIEW("a"), VIEW("a")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_path_ends_at_its_bracket),
		cmocka_unit_test(test_nul_is_refused),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_unquote_refuses_and_leaves_out),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
