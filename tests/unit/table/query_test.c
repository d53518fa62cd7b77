#include "support.h"
#include "table/query.h"

/* Settings of one table, as its file has them. */
static struct settings *
settings_of(const char *text)
{
	struct settings *settings;
	struct buf why = BUF_INIT;

	write_source("query.cf", text);
	settings = settings_open(&env, "sql", in_scratch("", "query.cf"), &why);
	assert_string_equal(buf_c(&why), "");
	return settings;
}

/* Doubles single quotes, refuses '!'. */
static bool
quote(void *arg, struct view text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++)
		buf_puts(out, text.data[i] == '\'' ? "''" : (char[]){ text.data[i], '\0' });
	return view_find(text, '!') == -1;
}

static const struct {
	const char *template, *key, *text;	/* NULL: not asked; "?": cannot be */
} expansions[] = {
	{ "a='%s'",       "it's@x.org",        "a='it''s@x.org'" },
	{ "%u|%d",        "u@v@sub.x.org",     "u@v|sub.x.org" },
	{ "%S|%U|%D",     "u@x.org",           "u@x.org|u|x.org" },
	{ "%u",           "nobody",            "nobody" },
	{ "%d",           "nobody",            NULL },
	{ "%u",           "@x.org",            NULL },
	{ "%s",           "@x.org",            "@x.org" },
	{ "%d",           "@x.org",            "x.org" },
	{ "%d",           "u@",                NULL },
	{ "%1-%2-%3",     "u@sub.x.org",       "org-x-sub" },
	{ "%3",           "u@x.org",           NULL },
	{ "%1",           "x.org",             NULL },
	{ "100%% %s%%",   "k",                 "100% k%" },
	{ "no key",       "k",                 "no key" },
	{ "%s",           "cannot be quoted!", "?" },
	{ "' or '%s",     "' or '1",           "' or ''' or ''1" },		/* TB2 */
};

static void
test_expansions(void **state)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(expansions); i++) {
		const char *text = expansions[i].text;
		enum lookup result;

		buf_reset(&out);
		result = query_expand(expansions[i].template, view_string(expansions[i].key), quote, NULL, &out);
		assert_int_equal(result, text == NULL ? LOOKUP_NONE : text[0] == '?' ? LOOKUP_RETRY : LOOKUP_FOUND);
		if (result == LOOKUP_FOUND)
			assert_string_equal(buf_c(&out), expansions[i].text);
	}
	buf_fini(&out);
}

static const struct {
	const char *settings, *key, *results[4], *value;
} formats[] = {
	{ "",                            "u@x.org", { "a", "b" },                "a,b" },
	{ "",                            "u@x.org", { "", "b" },                 "b" },
	{ "",                            "u@x.org", { NULL },                    "(none)" },
	{ "result_format = <%s>",        "u@x.org", { "a@y", "b" },              "<a@y>,<b>" },
	{ "result_format = %u+%U at %d", "u@x.org", { "a@y", "b", "@z", "c@w" }, "a+u at y,c+u at w" },
	{ "result_format = %2.%1",       "u@x.org", { "a" },                     "x.org" },
	{ "result_format = %D",          "u",       { "a" },                     "(not asked)" },
	{ "result_filter = (%s)",        "u",       { "a" },                     "(a)" },
	{ "expansion_limit = 2",         "u",       { "a", "b" },                "a,b" },
	{ "expansion_limit = 2",         "u",       { "a", "b", "c" },           "(retry)" },
	{ "domain = x.org, other.org",   "u@X.org", { "a" },                     "a" },
	{ "domain = x.org, other.org",   "u@sub.x.org", { "a" },                 "(not asked)" },
	{ "domain = x.org",              "u",       { "a" },                     "(not asked)" },
	{ "domain = x.org",              "x.org",   { "a" },                     "(not asked)" },
	{ "domain = x.org",              "@x.org",  { "a" },                     "(not asked)" },
	{ "domain = fail:x",             "u@x.org", { "a" },                     "(retry)" },		/* TB1 */
	{ "",                            "\xff",    { "a" },                     "(not asked)" },
};

static const char *
value_of(const struct query *query, struct view key, const char *const *results)
{
	static struct buf value;
	struct query_results all;
	enum lookup result = query_eligible(query, key, NULL);

	if (result != LOOKUP_FOUND)
		return result == LOOKUP_NONE ? "(not asked)" : "(retry)";
	query_begin(&all, query, key, &value);
	for (size_t i = 0; i < 4 && results[i] != NULL; i++)
		query_add(&all, view_string(results[i]));
	result = query_end(&all, NULL);
	return result == LOOKUP_FOUND ? buf_c(&value) : result == LOOKUP_NONE ? "(none)" : "(retry)";
}

static void
test_results(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
		struct settings *settings = settings_of(formats[i].settings);
		struct query query;

		assert_true(query_open(&query, &env, settings, NULL));
		assert_string_equal(value_of(&query, view_string(formats[i].key), formats[i].results), formats[i].value);
		query_close(&query);
		settings_free(settings);
	}
}

/* TB6 */
static void
test_bad_templates_are_refused(void **state)
{
	static const char *const bad[] = { "%", "a%", "%z", "%0", "%s %", "%%%" };
	const struct query query = { .title = "sql:x" };
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_false(query_check(&query, "query", bad[i], &why));
		assert_non_null(strstr(buf_c(&why), "query"));
	}
	assert_true(query_check(&query, "query", "%%s %s %9", &why));
	buf_fini(&why);
}

static const char *
main_cf(void *arg, const char *name)
{
	return strcmp(name, "users_query") == 0 ? "from main.cf" : strcmp(name, "users_expansion_limit") == 0 ? "x" : NULL;
}

static void
test_settings_in_main_cf(void **state)
{
	struct table_env with_settings = env;
	struct settings *settings;
	struct buf why = BUF_INIT;
	int number = 7;

	with_settings.setting = main_cf;
	settings = settings_open(&with_settings, "mysql", "users", &why);
	assert_string_equal(settings_text(settings, "query", NULL), "from main.cf");
	assert_string_equal(settings_text(settings, "hosts", "localhost"), "localhost");
	assert_false(settings_number(settings, "expansion_limit", 0, 10, 0, &number, &why));
	assert_string_equal(buf_c(&why), "mysql:users: expansion_limit = x: need a number from 0 to 10");
	assert_int_equal(number, 7);
	settings_free(settings);
	buf_fini(&why);
}

/* TB6 */
static void
test_bad_files_are_refused(void **state)
{
	struct buf why = BUF_INIT;

	write_source("bad.cf", "# comment\nhosts = a\nnonsense\n");
	assert_null(settings_open(&env, "mysql", in_scratch("", "bad.cf"), &why));
	assert_non_null(strstr(buf_c(&why), "bad.cf, line 3: need \"name = value\""));
	assert_null(settings_open(&env, "mysql", in_scratch("", "absent.cf"), &why));
	assert_non_null(strstr(buf_c(&why), "No such file"));
	buf_fini(&why);
}

static void
test_files_have_long_lines_and_the_last_setting_counts(void **state)
{
	struct settings *settings = settings_of("query = SELECT a\n# comment\n\tFROM b\nuser = x\nuser = y\npassword =\n");
	bool yes;

	assert_string_equal(settings_text(settings, "query", NULL), "SELECT a\tFROM b");
	assert_string_equal(settings_text(settings, "user", NULL), "y");
	assert_string_equal(settings_text(settings, "password", NULL), "");
	assert_true(settings_yes(settings, "none", true, &yes, NULL) && yes);
	assert_false(settings_yes(settings, "user", true, &yes, NULL));
	settings_free(settings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expansions),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_bad_templates_are_refused),
		cmocka_unit_test(test_settings_in_main_cf),
		cmocka_unit_test(test_bad_files_are_refused),
		cmocka_unit_test(test_files_have_long_lines_and_the_last_setting_counts),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
