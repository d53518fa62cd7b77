#include "support.h"
#include "table/rules.h"

#define CIDR	&rule_syntax_cidr
#define REGEXP	&rule_syntax_regexp
#define PCRE	&rule_syntax_pcre

#define NETS	"192.0.2.1 host\n192.0.2.0/24 net\n2001:db8::/32 six\n[::1] loop\n!198.51.100.0/24 other\n"
#define TEN	"if 10.0.0.0/8\n!10.2.0.0/16 not-two\n10.2.0.0/16 two\nendif\n"
#define NESTED	"if 10.0.0.0/8\nif !10.1.0.0/16\n0.0.0.0/0 b\nendif\n10.0.0.0/8 a\nendif\n0.0.0.0/0 z\n"
#define PATTERNS "/^(a+)-(b+)$/  got $2 then ${1}x$(1)\n/^Upper$/i exact\n!/./ empty\n" \
		"if /^in/\n/side$/ inside\n/out$/ never\nendif\n!/^x|^y/ rest\n"

static const struct {
	const struct rule_syntax *syntax;
	const char *rules, *key, *value;	/* NULL: nothing is found */
	const char *warning;			/* a part of one, or NULL: none */
} cases[] = {
	{ CIDR, NETS,                                   "192.0.2.1",    "host",            NULL },
	{ CIDR, NETS,                                   "192.0.2.2",    "net",             NULL },
	{ CIDR, NETS,                                   "2001:db8::5",  "six",             NULL },
	{ CIDR, NETS,                                   "::1",          "loop",            NULL },
	{ CIDR, NETS,                                   "203.0.113.1",  "other",           NULL },
	{ CIDR, NETS,                                   "198.51.100.7", NULL,              NULL },
	{ CIDR, NETS,                                   "192.0.2",      NULL,              NULL },
	{ CIDR, NETS,                                   "a.test",       NULL,              NULL },
	{ CIDR, "200.0.0.0/7 high\n10.0.0.0/8 low\n",    "201.1.1.1",    "high",            NULL },	/* TB20: unsigned, */
	{ CIDR, "200.0.0.0/7 high\n10.0.0.0/8 low\n",    "10.1.1.1",     "low",             NULL },
	{ CIDR, "10.0.0.0/8 wide\n10.1.0.0/16 narrow\n", "10.1.1.1",     "wide",            NULL },	/* … in the order of the file, */
	{ CIDR, "::/0 six\n0.0.0.0/0 four\n",           "255.1.1.1",    "four",            NULL },	/* … each family by itself */
	{ CIDR, "!10.0.0.0/8 x\n::/0 six\n",            "2001:db8::1",  "six",             NULL },
	{ CIDR, "if !::1\n10.0.0.1 x\nendif\n",         "10.0.0.1",     NULL,              NULL },
	{ CIDR, TEN,                                    "10.1.1.1",     "not-two",         NULL },
	{ CIDR, TEN,                                    "10.2.1.1",     "two",             NULL },
	{ CIDR, TEN,                                    "11.1.1.1",     NULL,              NULL },
	{ CIDR, NESTED,                                 "10.1.1.1",     "a",               NULL },
	{ CIDR, NESTED,                                 "10.2.1.1",     "b",               NULL },
	{ CIDR, NESTED,                                 "11.2.1.1",     "z",               NULL },
	{ CIDR, "10.0.0.0/33 x\n10.0.0.1 y\n",          "10.0.0.1",     "y",               "line 1: " },
	{ CIDR, "10.0.0.1/8 x\n10.0.0.1 y\n",           "10.0.0.1",     "y",               "line 1: non-null host address bits" },
	{ CIDR, "1.2.3 x\n10.0.0.1 y\n",                "10.0.0.1",     "y",               "line 1: " },
	{ CIDR, "10.0.0.1\n10.0.0.1 y\n",               "10.0.0.1",     "y",               "line 1: no replacement text" },
	{ CIDR, "10.0.0.1 $1\n",                        "10.0.0.1",     "$1",              NULL },
	/* TB7 */
	{ CIDR, "",                                     "10.0.0.1",     NULL,              NULL },
	{ CIDR, "if 10.0.0.0/8\n10.0.0.1 y\n",          "10.0.0.1",     "y",               "line 1: IF has no matching ENDIF" },
	{ CIDR, "if 11.0.0.0/8\n10.0.0.1 y\n",          "10.0.0.1",     NULL,              "line 1: IF has no matching ENDIF" },
	{ CIDR, "if nonsense\n10.0.0.1 y\nendif\n",     "10.0.0.1",     NULL,              "line 1: " },
	{ CIDR, "endif\n10.0.0.1 y\n",                  "10.0.0.1",     "y",               "line 1: ignoring ENDIF without" },

	{ REGEXP, PATTERNS,                             "aaa-bb",       "got bb then aaaxaaa", NULL },
	{ REGEXP, PATTERNS,                             "AAA-BB",       "got BB then AAAxAAA", NULL },
	{ REGEXP, PATTERNS,                             "Upper",        "exact",           NULL },
	{ REGEXP, PATTERNS,                             "upper",        "rest",            NULL },
	{ REGEXP, PATTERNS,                             "",             "empty",           NULL },
	{ REGEXP, PATTERNS,                             "inside",       "inside",          NULL },
	{ REGEXP, PATTERNS,                             "in",           "rest",            NULL },
	{ REGEXP, PATTERNS,                             "xx",           NULL,              NULL },
	{ PCRE,   PATTERNS,                             "aaa-bb",       "got bb then aaaxaaa", NULL },
	{ PCRE,   PATTERNS,                             "Upper",        "exact",           NULL },
	{ PCRE,   PATTERNS,                             "upper",        "rest",            NULL },
	{ PCRE,   PATTERNS,                             "",             "empty",           NULL },
	{ PCRE,   PATTERNS,                             "xx",           NULL,              NULL },
	{ REGEXP, "/^a$/ costs $$5\n",                  "a",            "costs $5",        NULL },
	{ REGEXP, "|^/etc/| path\n",                    "/etc/x",       "path",            NULL },
	{ REGEXP, "/a\\/b/ slash\n",                    "a/b",          "slash",           NULL },
	{ REGEXP, "/^a$/\n   two\n   lines\n",          "a",            "two   lines",     NULL },
	{ REGEXP, "/a+/x plus\n",                       "a+",           "plus",            NULL },	/* basic: + is itself */
	{ REGEXP, "/a+/x plus\n",                       "aa",           NULL,              NULL },
	{ REGEXP, "/(x)|(y)/ <$1$2>\n",                 "y",            "<y>",             NULL },
	{ PCRE,   "/(x)|(y)/ <$1$2>\n",                 "x",            "<x>",             NULL },
	{ PCRE,   "/ ^ a \\s b $ /x spaced\n",          "a b",          "spaced",          NULL },
	{ REGEXP, "/^b$/ line\n",                       "a\nb",         NULL,              NULL },
	{ REGEXP, "/^b$/m line\n",                      "a\nb",         "line",            NULL },
	{ PCRE,   "/^b$/ line\n",                       "a\nb",         NULL,              NULL },
	{ PCRE,   "/^b$/m line\n",                      "a\nb",         "line",            NULL },
	{ PCRE,   "/a.b/ dot\n",                        "a\nb",         "dot",             NULL },
	{ PCRE,   "/a.b/s dot\n",                       "a\nb",         NULL,              NULL },
	{ PCRE,   "/b/A anchored\n",                    "ab",           NULL,              NULL },
	{ PCRE,   "/b/A anchored\n",                    "ba",           "anchored",        NULL },
	{ PCRE,   "/b$/ end\n",                         "ab\n",         "end",             NULL },
	{ PCRE,   "/b$/E end\n",                        "ab\n",         NULL,              NULL },
	{ PCRE,   "/^(a+)(a*)$/U <$1><$2>\n",           "aaa",          "<a><aa>",         NULL },
	{ PCRE,   "/^(a+)(a*)$/ <$1><$2>\n",            "aaa",          "<aaa><>",         NULL },
	{ PCRE,   "/^a$/X extra\n",                     "a",            "extra",           NULL },
	{ PCRE,   "/^(?i)k(?-i)Q$/i mixed\n",           "KQ",           "mixed",           NULL },
	{ PCRE,   "/^.$/ one\n",                        "\xc3\xa4",     "one",             NULL },	/* UTF-8 mode */
	{ REGEXP, "/^(b/ 2\n/^c$/ 3\n",                 "c",            "3",               "line 1: " },
	{ PCRE,   "/^(b/ 2\n/^c$/ 3\n",                 "c",            "3",               "line 1: " },
	{ REGEXP, "no pattern\n/^c$/ 3\n",              "c",            "3",               "line 1: expected a pattern" },
	{ REGEXP, "/^b\n/^c$/ 3\n",                     "c",            "3",               "line 1: no closing delimiter" },
	{ REGEXP, "/^c$/\n/^c$/ 3\n",                   "c",            "",                "line 1: no replacement text" },
	{ REGEXP, "/^b$/\n/^c$/ 3\n",                   "c",            "3",               "line 1: no replacement text" },
	{ REGEXP, "/^b$/q 1\n/^c$/ 3\n",                "c",            "3",               "line 1: unknown pattern option" },
	{ REGEXP, "/^(b)$/ $2\n/^b$/ 3\n",              "b",            "3",               "line 1: out of range" },
	{ REGEXP, "/^(b)$/ $0\n/^b$/ 3\n",              "b",            "3",               "line 1: out of range" },
	{ REGEXP, "/^(b)$/ $x\n/^b$/ 3\n",              "b",            "3",               "line 1: non-numeric" },
	{ REGEXP, "/^(b)$/ ${1\n/^b$/ 3\n",             "b",            "3",               "line 1: non-numeric" },
	{ REGEXP, "!/^(b)$/ $1\n/^c$/ 3\n",             "c",            "3",               "line 1: $number found in negative" },
	{ PCRE,   "if /a/ x\n/b/ y\nendif z\n",         "ab",           "y",               "ignoring extra text after ENDIF" },
	{ PCRE,   "  /a/ x\n/b/ y\n",                   "ab",           "y",               "must not start with whitespace" },
};

static void
test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf value = BUF_INIT;
		struct rules *rules;
		enum lookup result;

		buf_reset(&warnings);
		rules = rules_parse(cases[i].syntax, view_string(cases[i].rules), true, 0);
		result = rules_lookup(rules, view_string(cases[i].key), &value, NULL);
		if ((result == LOOKUP_FOUND) != (cases[i].value != NULL) || result == LOOKUP_RETRY ||
		    (cases[i].value != NULL && strcmp(buf_c(&value), cases[i].value) != 0))
			fail_msg("\"%s\" with \"%s\" gives \"%s\"", cases[i].key, cases[i].rules, buf_c(&value));
		if (cases[i].warning == NULL)
			assert_quiet();
		else
			assert_warned(cases[i].warning);
		rules_free(rules);
		buf_fini(&value);
	}
}

static void
test_substitution_can_be_refused(void **state)
{
	struct buf value = BUF_INIT;
	struct rules *rules;

	buf_reset(&warnings);
	rules = rules_parse(REGEXP, VIEW("/^plain$/ alice\n/^(.*)-subst$/ $1\n"), false, TABLE_NO_SUBSTITUTION);
	assert_warned("line 2: regular expression substitution is not allowed");
	assert_int_equal(rules_lookup(rules, VIEW("plain"), &value, NULL), LOOKUP_FOUND);
	assert_int_equal(rules_lookup(rules, VIEW("a-subst"), &value, NULL), LOOKUP_NONE);
	rules_free(rules);
	buf_fini(&value);
}

static void
test_files(void **state)
{
	struct table *table;

	write_source("rules", "/^a/ 1\n");
	table = open_table(in_scratch("regexp:", "rules"), 0);
	assert_string_equal(look(table, "abc"), "1");
	assert_int_equal(table_kind(table), TABLE_PATTERN);
	assert_false(table_changed(table));
	write_source("rules", "/^a/ 1\n# more\n");
	assert_true(table_changed(table));
	table_close(table);
	buf_reset(&warnings);
	write_source("rules", "/^a/ 1\n/^(b/ 2\n");
	table_close(open_table(in_scratch("regexp:", "rules"), 0));
	assert_warned(in_scratch("warning: regexp map ", "rules, line 2: "));
}

/* A pattern that explodes is "could not ask", not "no". */
static void
test_match_limit_is_an_error(void **state)
{
	struct rules *rules = rules_parse(PCRE, VIEW("/^(a+)+$/ x\n"), false, 0);
	struct buf value = BUF_INIT, why = BUF_INIT, key = BUF_INIT;

	buf_putn(&key, 'a', 40);
	buf_putc(&key, 'b');
	assert_int_equal(rules_lookup(rules, buf_view(&key), &value, &why), LOOKUP_RETRY);
	assert_non_null(strstr(buf_c(&why), "line 1: "));
	rules_free(rules);
	buf_fini(&key);
	buf_fini(&why);
	buf_fini(&value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_substitution_can_be_refused),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_match_limit_is_an_error),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
