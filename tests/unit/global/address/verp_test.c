#include "global/address/verp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
	const char *name, *sender, *recipient, *delimiters, *wanted;
} cases[] = {
	{ "usual", "list@a.test", "user@b.test", "+=", "list+user=b.test@a.test" },
	{ "extension", "list@a.test", "user+x@b.test", "-=", "list-user+x=b.test@a.test" },
	{ "null sender", "", "user@b.test", "+=", "" },
	{ "no domain", "list@a.test", "user", "+=", "list+user@a.test" },
	{ "one delimiter", "list@a.test", "user@b.test", "+", "list@a.test" },
};

static void
test_cases(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		verp_put(&out, view_string(cases[i].sender), view_string(cases[i].recipient), view_string(cases[i].delimiters));
		assert_string_equal(buf_c(&out), cases[i].wanted);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
