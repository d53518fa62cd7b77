#include "util/process/library.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define FILE_NAME	"libm.so.6"

static void
test_functions_are_found(void **state)
{
	__typeof__(sqrt) *root = NULL;
	__typeof__(floor) *down = NULL;
	const struct library_function functions[] = { { "sqrt", &root }, { "floor", &down }, { NULL } };

	assert_true(library_load(FILE_NAME, functions, NULL));
	assert_true(root(49) == 7 && down(1.5) == 1);
	assert_true(library_load("never asked for", functions, NULL));
}

static void
test_all_or_none(void **state)
{
	__typeof__(sqrt) *root = NULL, *absent = NULL;
	const struct library_function functions[] = { { "sqrt", &root }, { "posthaste_absent", &absent }, { NULL } };
	struct buf why = BUF_INIT;

	assert_false(library_load(FILE_NAME, functions, &why));
	assert_string_equal(buf_c(&why), FILE_NAME " has no posthaste_absent");
	assert_null(root);
	buf_fini(&why);
}

static void
test_absent_library(void **state)
{
	__typeof__(sqrt) *root = NULL;
	const struct library_function functions[] = { { "sqrt", &root }, { NULL } };
	struct buf why = BUF_INIT;

	assert_false(library_load("libposthaste-absent.so", functions, &why));
	assert_non_null(strstr(buf_c(&why), "libposthaste-absent.so"));
	assert_null(root);
	buf_fini(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_are_found),
		cmocka_unit_test(test_all_or_none),
		cmocka_unit_test(test_absent_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
