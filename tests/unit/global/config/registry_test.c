/*
 * Holds the registry against the list of parameters that configurations in use count on (tests/data/parameters.tsv): a
 * default changes only here and there (CF11).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "global/config/config.h"
#include "global/config/expand.h"
#include "global/config/param.h"
#include "util/file/file.h"
#include "util/text/words.h"

enum { LIST_MAX = 1 << 20, COLUMNS = 4 };

static const struct {
	const char *words;
	enum param_type type;
} types[] = {
	{ "bool", PARAM_BOOL },
	{ "bool (default by reference)", PARAM_BOOL_DERIVED },
	{ "int", PARAM_INT },
	{ "int (default by reference)", PARAM_INT_DERIVED },
	{ "long int", PARAM_LONG },
	{ "path", PARAM_PATH },
	{ "raw string", PARAM_RAW },
	{ "raw string (path)", PARAM_RAW_PATH },
	{ "raw string (set of characters)", PARAM_RAW_CHARACTERS },
	{ "raw string (shell command)", PARAM_RAW_COMMAND },
	{ "read-only int", PARAM_READ_ONLY_INT },
	{ "read-only string", PARAM_READ_ONLY },
	{ "string", PARAM_STRING },
	{ "string (cipher grade)", PARAM_CIPHER_GRADE },
	{ "string (keyword)", PARAM_KEYWORD },
	{ "string (level with optional ,trace)", PARAM_TRACE_LEVEL },
	{ "string (list of tables and modes)", PARAM_TABLE_MODES },
	{ "string (list)", PARAM_LIST },
	{ "string (path)", PARAM_PATH },
	{ "string (restriction list)", PARAM_RESTRICTIONS },
	{ "string (set of characters)", PARAM_CHARACTERS },
	{ "string (table list)", PARAM_TABLES },
	{ "time (default unit seconds)", PARAM_TIME },
	{ "time (default unit hours)", PARAM_TIME },
	{ "time (default unit days)", PARAM_TIME },
};

/* Defaults that are the layout's, the build's or the host's, or differ on purpose (doc/compatibility.md). */
static const char *const own_defaults[] = {
	"alias_maps", "command_directory", "config_directory", "daemon_directory", "data_directory", "default_cache_db_type",
	"default_database_type", "mail_name", "mail_version", "mailq_path", "manpage_directory", "meta_directory", "mydomain",
	"myhostname", "mynetworks", "newaliases_path", "process_id", "process_name", "queue_directory", "sample_directory",
	"sendmail_path", "service_name", "shlib_directory", "smtp_tls_security_level", "smtpd_sasl_type",
};

static bool
default_is_own(struct view name)
{
	for (size_t i = 0; i < ARRAY_COUNT(own_defaults); i++)
		if (view_is(name, own_defaults[i]))
			return true;
	return false;
}

static void
check_type(const struct param *param, struct view words)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (view_is(words, types[i].words)) {
			if (param->type != types[i].type)
				fail_msg("%s: not of type \"%s\"", param->name, types[i].words);
			if (param->type == PARAM_TIME && param->unit != words.data[strlen("time (default unit ")])
				fail_msg("%s: wrong unit", param->name);
			return;
		}
	fail_msg("%s: unknown type \"%.*s\"", param->name, VIEW_ARG(words));
}

static void
check_bounds(const struct param *param, struct view bounds)
{
	unsigned long long min = 0, max = 0;
	ptrdiff_t dots = view_find_view(bounds, VIEW(".."));

	if (dots >= 0) {
		view_number(view_slice(bounds, 0, (size_t)dots), &min);
		view_number(view_slice(bounds, (size_t)dots + 2, bounds.len), &max);
	}
	if (param->min != (long long)min || param->max != (long long)max)
		fail_msg("%s: bounds are not %.*s", param->name, VIEW_ARG(bounds));
}

static void
check_row(struct view line)
{
	struct view columns[COLUMNS], rest = line;
	const struct param *param;

	for (int i = 0; i < COLUMNS; i++)
		if (!view_split(rest, '\t', &columns[i], &rest))
			columns[i] = rest, rest = VIEW_EMPTY;
	param = param_find(columns[0]);
	if (param == NULL)
		param = param_find_transport(columns[0], NULL);
	if (param == NULL)
		fail_msg("%.*s: not in the registry", VIEW_ARG(columns[0]));
	if (!default_is_own(columns[0]) && (param->default_text == NULL || !view_is(columns[1], param->default_text)))
		fail_msg("%s: default is not \"%.*s\"", param->name, VIEW_ARG(columns[1]));
	check_type(param, columns[2]);
	check_bounds(param, columns[3]);
}

static void
test_rows(void **state)
{
	struct buf text = BUF_INIT;
	struct view rest, line;
	size_t rows = 0;

	assert_true(file_read_all("tests/data/parameters.tsv", LIST_MAX, &text, NULL));
	for (rest = buf_view(&text); view_split(rest, '\n', &line, &rest);) {
		if (line.data[0] == '#')
			continue;
		check_row(line);
		rows++;
	}
	assert_true(rows > 1000);
	buf_fini(&text);
}

static void
test_order(void **state)
{
	const struct param *param, *before = NULL;

	for (size_t i = 0; (param = param_at(i)) != NULL; i++) {
		assert_true(before == NULL || strcmp(before->name, param->name) < 0);
		assert_ptr_equal(param_find(view_string(param->name)), param);
		before = param;
	}
	assert_null(param_find(VIEW("")));
	assert_null(param_find(VIEW("no_such_parameter")));
	assert_true(param_registry_hash() != 0);
}

/* Nearly the name of one, in every place; and the beginnings of all. */
static void
test_names_that_are_none(void **state)
{
	const struct param *param;
	char name[128];

	for (size_t i = 0; (param = param_at(i)) != NULL; i++) {
		size_t len = strlen(param->name);

		for (size_t at = 0; at < len; at++) {
			memcpy(name, param->name, len);
			assert_ptr_not_equal(param_find(view_bytes(name, at)), param);
			name[at] = '~';
			assert_null(param_find(view_bytes(name, len)));
		}
	}
}

static void
test_transport_rows(void **state)
{
	struct view transport;
	const struct param *param = param_find_transport(VIEW("slow_destination_recipient_limit"), &transport);

	assert_string_equal(param->name, "transport_destination_recipient_limit");
	assert_true(view_is(transport, "slow"));
	assert_null(param_find_transport(VIEW("_time_limit"), NULL));
	assert_null(param_find_transport(VIEW("slow_maps"), NULL));
	assert_null(param_find_transport(VIEW("slow_retry_time"), NULL));
}

/* CF12: every default, expanded, is good for its own type; those of lists are lists. */
static void
test_defaults_are_good(void **state)
{
	struct config *config = config_empty("/nonexistent");
	struct buf why = BUF_INIT;
	const struct param *param;
	long long number;
	bool truth, good;
	int seconds;

	for (size_t i = 0; (param = param_at(i)) != NULL; i++) {
		const struct binding any_long[] = { { param->name, BINDING_LONG, 0 }, BIND_END };
		struct view rest, word;

		buf_reset(&why);
		switch (param->type) {
		case PARAM_BOOL: case PARAM_BOOL_DERIVED: good = config_bool(config, param->name, &truth, &why); break;
		case PARAM_INT: case PARAM_INT_DERIVED: good = config_int(config, param->name, &seconds, &why); break;
		case PARAM_LONG: good = config_bind(config, any_long, &number, &why); break;
		case PARAM_TIME: good = config_time(config, param->name, &seconds, &why); break;
		case PARAM_LIST: case PARAM_TABLES: case PARAM_RESTRICTIONS:
			rest = view_string(config_string(config, param->name, &why));
			while (words_next(&rest, &word, &why))
				;
			good = why.len == 0;
			break;
		default: good = config_string(config, param->name, &why) != NULL; break;
		}
		/* virtual_mailbox_base has no default, and must be set by whoever uses it. */
		if (!good && strcmp(param->name, "virtual_mailbox_base") != 0)
			fail_msg("%s", buf_c(&why));
	}
	buf_fini(&why);
	config_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_names_that_are_none),
		cmocka_unit_test(test_transport_rows),
		cmocka_unit_test(test_defaults_are_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
