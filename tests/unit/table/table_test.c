#include "support.h"
#include "table/type.h"
#include "table/maps.h"

static const struct {
	const char *table, *key, *value;
} lookups[] = {
	{ "inline:{a=1,{b = two words},c=3}", "a",     "1" },
	{ "inline:{a=1,{b = two words},c=3}", "B",     "two words" },
	{ "inline:{a=1,{b = two words},c=3}", "d",     "(none)" },
	{ "inline:{{a=1, 2}}",                "a",     "1, 2" },
	{ "inline:{gr\xc3\xbcn=1}",           "GR\xc3\x9cN", "1" },
	{ "static:always",                    "x@y",   "always" },
	{ "static:{ two words }",             "a",     "two words" },
	{ "static:x",                         "\xff",  "(none)" },		/* not UTF-8: cannot be a key */
	{ "fail:any",                         "a",     "(retry)" },
	{ "unionmap:{inline:{a=1,b=2},inline:{a=3}}", "A", "1,3" },
	{ "unionmap:{inline:{a=1,b=2},inline:{a=3}}", "b", "2" },
	{ "unionmap:{inline:{a=1,b=2},inline:{a=3}}", "c", "(none)" },
	{ "unionmap:{static:x,fail:any}",     "a",     "(retry)" },		/* TB1 */
	{ "unionmap:{static:x,hash:/nonexistent/y}", "a", "(retry)" },
	{ "unionmap:{}",                      "a",     "(retry)" },
	{ "unionmap:{static:x",               "a",     "(retry)" },		/* TB21 */
	{ "pipemap:{inline:{a=b},inline:{b=c}}", "a",  "c" },
	{ "pipemap:{inline:{a=b},inline:{b=c}}", "b",  "(none)" },
	{ "pipemap:{static:x,fail:any}",      "a",     "(retry)" },
	{ "pipemap:{static:x,inline:{a}}",    "a",     "(retry)" },
	{ "randmap:{only}",                   "a",     "only" },
	{ "randmap:{}",                       "a",     "(retry)" },
	{ "debug:inline:{a=1}",               "A",     "1" },
	{ "debug:nosuchtype:x",               "A",     "(retry)" },
	{ "cidr:{{192.0.2.0/24 net}, {2001:db8::/32 six}}", "2001:DB8::1", "six" },
	{ "regexp:{{/^(A)b$/ <$1>}}",         "ab",    "<a>" },
	{ "regexp:{{/^(A)b$/ <$1>}}",         "AB",    "<A>" },			/* TB18: not folded */
	{ "pcre:{{/(?=x)/ ahead}, {!/a/ no a}}", "bbb", "no a" },
	{ "pcre:{/x/ y}",                     "bbb",   "(retry)" },
	{ "regexp:{}",                        "bbb",   "(retry)" },
	{ "cidr:/nonexistent/x",              "bbb",   "(retry)" },
	{ "unix:passwd.byname",               "no such user", "(none)" },
	{ "nosuchtype:/x",                    "a",     "(retry)" },
	{ "hash:/nonexistent/x",              "a",     "(retry)" },		/* TB1 */
	{ "texthash:/nonexistent/x",          "a",     "(retry)" },
	{ "unix:nosuch.map",                  "a",     "(retry)" },
	{ "/nonexistent/x",                   "a",     "(retry)" },		/* the default type */
	{ "inline:{}",                        "a",     "(retry)" },		/* TB21 */
	{ "inline:{a}",                       "a",     "(retry)" },
	{ "inline:{{a=b}",                    "a",     "(retry)" },
	{ "inline:a=b",                       "a",     "(retry)" },
	{ "static:{a",                        "a",     "(retry)" },
};

static void
test_lookups(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(lookups); i++) {
		struct table *table = open_table(lookups[i].table, TABLE_FOLD_FIXED);

		assert_string_equal(look(table, lookups[i].key), lookups[i].value);
		table_close(table);
	}
}

static void
test_broken_table_warns_once_and_says_why(void **state)
{
	struct table *table;

	buf_reset(&warnings);
	table = open_table("nosuchtype:here", 0);
	look(table, "a");
	look(table, "a");
	assert_string_equal(buf_c(&warnings),
	    "warning: nosuchtype:here is unavailable. unsupported dictionary type: nosuchtype\n");
	assert_string_equal(table_broken(table), "unsupported dictionary type: nosuchtype");
	table_close(table);
}

static void
test_a_table_has_a_type_and_a_name(void **state)
{
	static const char *const names[] = { "static:", "hash:", "fail:", "environ:", "internal:", "inline:", "cidr:", ":x" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct table *table = open_table(names[i], 0);
		struct buf expected = BUF_INIT;

		buf_printf(&expected, "expecting \"type:name\" form instead of \"%s\"", names[i]);
		assert_string_equal(table_broken(table), buf_c(&expected));
		assert_string_equal(look(table, "a"), "(retry)");
		table_close(table);
		buf_fini(&expected);
	}
}

/* TB22: what fails to open leaks no descriptor */
static void
test_failed_opens_leak_nothing(void **state)
{
	int before = dup(0), after;

	for (size_t n = 0; n < 20; n++)
		for (size_t i = 0; i < ARRAY_COUNT(lookups); i++)
			table_close(open_table(lookups[i].table, 0));
	after = dup(0);
	assert_int_equal(before + 1, after);
	close(before);
	close(after);
}

static void
test_texthash(void **state)
{
	struct table *table;

	write_source("text", "# comment\nOne   first value \n\ntwo\tsecond\n  continued\n# c\n  more\n"
	    "\"john doe\"@x.test q\nkeyonly\none again\n  \nalias: x\n");
	buf_reset(&warnings);
	table = open_table(in_scratch("texthash:", "text"), TABLE_FOLD_FIXED);
	assert_string_equal(look(table, "ONE"), "first value");
	assert_string_equal(look(table, "two"), "second  continued  more");
	assert_string_equal(look(table, "\"john doe\"@x.test"), "q");
	assert_string_equal(look(table, "keyonly"), "(none)");
	assert_warned("line 9: expected format: key whitespace value");
	assert_warned("line 10: duplicate entry: \"one\"");
	assert_warned("line 12: record is in \"key: value\" format; is this an alias file?");
	assert_false(table_changed(table));
	assert_true(table_stable(table));
	write_source("text", "other 1\n");
	assert_true(table_changed(table));
	table_close(table);
}

static void
test_read_only_types_refuse_writing(void **state)
{
	struct table *table = open_table("static:x", TABLE_WRITE);

	assert_string_equal(table_broken(table), "table type static is read-only");
	assert_false(table_update(table, VIEW("a"), VIEW("b"), NULL));
	table_close(table);
	table = open_table("internal:x", 0);
	assert_false(table_update(table, VIEW("a"), VIEW("b"), NULL));
	table_close(table);
}

/* TB11: 0, 1, n entries; deleting the current one */
static void
test_internal_is_walked(void **state)
{
	struct table *table = open_table("internal:x", TABLE_WRITE);
	struct buf key = BUF_INIT, value = BUF_INIT;

	for (size_t n = 0; n < 4; n++) {
		size_t seen = 0;

		for (size_t i = 0; i < n; i++)
			assert_true(table_update(table, view_bytes("abcd" + i, 1), VIEW("v"), NULL));
		for (bool first = true; table_next(table, first, &key, &value, NULL) == LOOKUP_FOUND; first = false) {
			assert_int_equal(table_delete(table, buf_view(&key), NULL), LOOKUP_FOUND);
			seen++;
		}
		assert_int_equal(seen, n);
	}
	assert_int_equal(table_delete(table, VIEW("a"), NULL), LOOKUP_NONE);
	table_close(table);
	buf_fini(&key);
	buf_fini(&value);
}

static const struct {
	const char *list, *key;
	enum lookup result;
	const char *value;
} map_lists[] = {
	{ "inline:{a=1}, inline:{a=2,b=3}", "a", LOOKUP_FOUND, "1" },
	{ "inline:{a=1}, inline:{a=2,b=3}", "b", LOOKUP_FOUND, "3" },
	{ "inline:{a=1} inline:{a=2,b=3}",  "c", LOOKUP_NONE,  "" },
	{ "inline:{a=1} fail:x static:y",   "a", LOOKUP_FOUND, "1" },
	{ "inline:{a=1} fail:x static:y",   "b", LOOKUP_RETRY, "" },		/* TB1 */
	{ "hash:/nonexistent/x static:y",   "b", LOOKUP_RETRY, "" },
	{ "static:{} inline:{b=1}",         "b", LOOKUP_FOUND, "1" },		/* an empty result is none */
	{ "inline:{a=1} inline:{b=2",       "b", LOOKUP_RETRY, "" },
	{ "",                               "b", LOOKUP_NONE,  "" },
};

static void
test_maps(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(map_lists); i++) {
		struct maps *maps = maps_open(&env, "title", map_lists[i].list, 0);
		struct buf value = BUF_INIT;
		struct table *winner = NULL;

		assert_int_equal(maps_lookup(maps, view_string(map_lists[i].key), false, &value, &winner),
		    map_lists[i].result);
		if (map_lists[i].result == LOOKUP_FOUND) {
			assert_string_equal(buf_c(&value), map_lists[i].value);
			assert_non_null(winner);
		}
		buf_fini(&value);
		maps_close(maps);
	}
}

static void *
echo_open(const struct table_env *e, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	traits->kind = TABLE_PATTERN;
	return mem_string(name);
}

static enum lookup
echo_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	buf_putv(value, key);
	return LOOKUP_FOUND;
}

static const struct table_ops echo_ops = { .lookup = echo_lookup, .close = mem_free };
static const struct table_type echo = { "echo", &echo_ops, echo_open, false };

/* TB18: only fixed-string types get folded keys */
static void
test_registered_type_gets_keys_as_they_are(void **state)
{
	struct table *table;

	table_register(&echo);
	table = open_table("echo:x", TABLE_FOLD_FIXED);
	assert_string_equal(look(table, "AbC"), "AbC");
	table_close(table);
	table = open_table("echo:x", TABLE_FOLD_PATTERN);
	assert_string_equal(look(table, "AbC"), "abc");
	table_close(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_broken_table_warns_once_and_says_why),
		cmocka_unit_test(test_a_table_has_a_type_and_a_name),
		cmocka_unit_test(test_failed_opens_leak_nothing),
		cmocka_unit_test(test_texthash),
		cmocka_unit_test(test_read_only_types_refuse_writing),
		cmocka_unit_test(test_internal_is_walked),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_registered_type_gets_keys_as_they_are),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
