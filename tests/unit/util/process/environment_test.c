/* environment: what we take from whoever starts us, and what foreign programs get to see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "util/process/process.h"

static void
test_only_what_is_listed_stays(void **state)
{
	setenv("KEPT", "as it is", 1);
	setenv("UNKNOWN", "x", 1);
	setenv("SET", "to be replaced", 1);
	process_clean_environment("KEPT, SET=fixed { WITH = a few words } MISSING");
	assert_string_equal(getenv("KEPT"), "as it is");
	assert_string_equal(getenv("SET"), "fixed");
	assert_string_equal(getenv("WITH"), "a few words");
	assert_null(getenv("UNKNOWN"));
	assert_null(getenv("MISSING"));
	assert_non_null(getenv("PATH"));
}

/* None of these is taken away by unsetenv(). */
static void
test_words_that_name_nothing(void **state)
{
	extern char **environ;
	const char *words[] = { "=x", "KEPT=first", "==", "", "no sign", "KEPT", "KEPT=second", "=", NULL };

	environ = (char **)words;
	process_clean_environment("KEPT");
	assert_string_equal(environ[0], "KEPT=first");
	assert_true(strncmp(environ[1], "PATH=", 5) == 0);
	assert_null(environ[2]);
}

static const char *
value_of(const struct process_environment *environment, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < environment->count; i++)
		if (strncmp(environment->list[i], name, len) == 0 && environment->list[i][len] == '=')
			return environment->list[i] + len + 1;
	return NULL;
}

static void
test_others_see_what_is_listed(void **state)
{
	struct arena arena = ARENA_INIT;
	struct process_environment environment;

	setenv("OURS", "here", 1);
	setenv("SECRET", "x", 1);
	process_environment_init(&environment, &arena, "OURS NOT_OURS {WITH=a, b} SET=1");
	assert_string_equal(value_of(&environment, "OURS"), "here");
	assert_string_equal(value_of(&environment, "WITH"), "a, b");
	assert_string_equal(value_of(&environment, "SET"), "1");
	assert_null(value_of(&environment, "SECRET"));
	assert_null(value_of(&environment, "NOT_OURS"));
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_is_listed_stays),
		cmocka_unit_test(test_words_that_name_nothing),
		cmocka_unit_test(test_others_see_what_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
