#include "support.h"
#include "table/sql.h"

/*
 * A driver whose hosts do as a test says: for each host a letter, '+' answers with its name, '-' cannot be connected to,
 * '!' fails to answer, '0' finds nothing.
 */
static char behaviour[128];
static struct buf calls;		/* "connect a, ask a, …" */

static void *
configure(struct settings *settings, const char *query, struct buf *why)
{
	return mem_string("");
}

static void *
connect_to(void *options, const char *host, struct buf *why)
{
	buf_printf(&calls, "connect %s,", host);
	if (behaviour[(unsigned char)host[0]] != '-')
		return mem_string(host);
	why_set(why, "refused");
	return NULL;
}

static bool
quote(void *connection, struct view text, struct buf *out)
{
	buf_putv(out, text);
	return view_find(text, '!') == -1;
}

static bool
ask(void *connection, const char *query, sql_result *each, void *arg, struct buf *why)
{
	const char *host = connection;
	char how = behaviour[(unsigned char)host[0]];

	buf_printf(&calls, "ask %s,", host);
	why_set(why, "gone");
	if (how == '+')
		each(arg, view_string(host));
	return how == '+' || how == '0';
}

static const struct sql_driver driver = {
	.name = "sql",
	.names_in_quotes = true,
	.hosts = "a",
	.configure = configure,
	.release = mem_free,
	.connect = connect_to,
	.disconnect = mem_free,
	.quote = quote,
	.ask = ask,
};

static struct sql *
open_hosts(const char *hosts)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct table_traits traits = { 0 };
	struct sql *sql;

	buf_printf(&text, "query = %%s\nhosts = %s\n", hosts);
	write_source("sql.cf", buf_c(&text));
	sql = sql_open(&driver, &env, in_scratch("", "sql.cf"), &traits, &why);
	assert_string_equal(buf_c(&why), "");
	buf_fini(&text);
	buf_reset(&calls);
	memset(behaviour, '+', sizeof(behaviour));
	clock_set_fake(1000000, (struct timeval){ 0 });
	return sql;
}

static const char *
find(struct sql *sql)
{
	static struct buf value;
	enum lookup result = sql_lookup(sql, VIEW("key"), &value, NULL);

	return result == LOOKUP_FOUND ? buf_c(&value) : result == LOOKUP_NONE ? "(none)" : "(retry)";
}

static void
test_a_local_socket_comes_first_and_connections_are_kept(void **state)
{
	struct sql *sql = open_hosts("a b /c");

	assert_string_equal(find(sql), "/c");
	assert_string_equal(find(sql), "/c");
	assert_string_equal(buf_c(&calls), "connect /c,ask /c,ask /c,");
	clock_advance(60000);			/* idle_interval */
	assert_string_equal(find(sql), "/c");
	assert_string_equal(buf_c(&calls), "connect /c,ask /c,ask /c,connect /c,ask /c,");
	sql_close(sql);
}

static void
test_a_failing_host_rests_for_a_while(void **state)
{
	struct sql *sql = open_hosts("b /c");

	behaviour['/'] = '-';
	assert_string_equal(find(sql), "b");
	assert_string_equal(buf_c(&calls), "connect /c,connect b,ask b,");
	behaviour['b'] = '!';
	assert_string_equal(find(sql), "(retry)");		/* TB1: all are down */
	buf_reset(&calls);
	assert_string_equal(find(sql), "(retry)");
	assert_string_equal(buf_c(&calls), "");
	clock_advance(60000);					/* retry_interval */
	behaviour['/'] = '0';
	assert_string_equal(find(sql), "(none)");
	sql_close(sql);
}

/* TB17 */
static void
test_the_only_host_is_tried_each_time(void **state)
{
	struct sql *sql = open_hosts("a");

	behaviour['a'] = '-';
	assert_string_equal(find(sql), "(retry)");
	behaviour['a'] = '+';
	assert_string_equal(find(sql), "a");
	assert_string_equal(buf_c(&calls), "connect a,connect a,ask a,");
	behaviour['a'] = '!';
	assert_string_equal(find(sql), "(retry)");		/* once more over a fresh connection */
	assert_string_equal(buf_c(&calls), "connect a,connect a,ask a,ask a,connect a,ask a,");
	sql_close(sql);
}

static void
test_legacy_query(void **state)
{
	struct table_traits traits = { 0 };
	struct buf why = BUF_INIT;
	struct sql *sql;

	write_source("old.cf", "table = t\nselect_field = s\nwhere_field = w\nadditional_conditions = and x\n");
	sql = sql_open(&driver, &env, in_scratch("", "old.cf"), &traits, &why);
	assert_non_null(sql);
	sql_close(sql);
	write_source("old.cf", "table = t\nselect_field = s\n");
	assert_null(sql_open(&driver, &env, in_scratch("", "old.cf"), &traits, &why));
	assert_non_null(strstr(buf_c(&why), "there is no \"query\""));
	buf_fini(&why);
}

static void
test_a_key_that_cannot_be_quoted_is_no_answer(void **state)
{
	struct sql *sql = open_hosts("a");
	struct buf value = BUF_INIT, why = BUF_INIT;

	assert_int_equal(sql_lookup(sql, VIEW("key!"), &value, &why), LOOKUP_RETRY);
	assert_non_null(strstr(buf_c(&why), "key \"key!\" cannot be quoted"));
	assert_string_equal(find(sql), "a");		/* nothing is wrong with its host */
	buf_fini(&value);
	buf_fini(&why);
	sql_close(sql);
}

/* TB2 */
static const struct {
	const char *query;
	bool good;
} queries[] = {
	{ "select a from b where c = '%s'", true },
	{ "select \"a\" from b where c = '\"%s\"'", true },
	{ "select a from b where c = \"%s\"", false },
	{ "select a from b where c = \"%%\" and d = '%u'", true },
	{ "select a from b where c = 'it''s' and \"x'%d'\"", false },
	{ "select a from b where c = E'%s'", false },
	{ "select a from b where c = e'\\n' or c LIKE'%s'", true },
	{ "select '%", false },
};

static void
test_keys_only_where_quoting_helps(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(queries); i++) {
		struct buf text = BUF_INIT, why = BUF_INIT;
		struct table_traits traits = { 0 };
		struct sql *sql;

		buf_printf(&text, "query = %s\n", queries[i].query);
		write_source("sql.cf", buf_c(&text));
		sql = sql_open(&driver, &env, in_scratch("", "sql.cf"), &traits, &why);
		if ((sql != NULL) != queries[i].good)
			fail_msg("%s: %s", queries[i].query, buf_c(&why));
		if (sql != NULL)
			sql_close(sql);
		buf_fini(&text);
		buf_fini(&why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_local_socket_comes_first_and_connections_are_kept),
		cmocka_unit_test(test_a_failing_host_rests_for_a_while),
		cmocka_unit_test(test_the_only_host_is_tried_each_time),
		cmocka_unit_test(test_legacy_query),
		cmocka_unit_test(test_a_key_that_cannot_be_quoted_is_no_answer),
		cmocka_unit_test(test_keys_only_where_quoting_helps),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
