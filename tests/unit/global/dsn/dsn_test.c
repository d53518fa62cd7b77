#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/dsn/dsn.h"

static const struct {
	const char *name, *text;
	const char *status, *rest;	/* status NULL: does not begin with a code */
} splits[] = {
	{ "code and text",	"4.2.0 mailbox full",	"4.2.0", "mailbox full" },
	{ "code alone",		"5.1.1",		"5.1.1", "" },
	{ "blanks around",	"  2.0.0   Ok",		"2.0.0", "Ok" },
	{ "long numbers",	"5.999.999 x",		"5.999.999", "x" },
	{ "four digits",	"5.1000.1 x",		NULL, NULL },
	{ "class 3",		"3.1.1 x",		NULL, NULL },
	{ "cut short",		"5.1.",			NULL, NULL },
	{ "glued to text",	"5.1.1x",		NULL, NULL },
	{ "two parts",		"5.1 x",		NULL, NULL },
	{ "empty",		"",			NULL, NULL },
	{ "reply code",		"550 5.1.1 x",		NULL, NULL },
};

static void
test_split(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(splits); i++) {
		char status[DSN_STATUS_SIZE] = "untouched";
		struct view rest = VIEW("?");
		bool ok = dsn_split(view_string(splits[i].text), status, &rest);

		if (ok != (splits[i].status != NULL))
			fail_msg("%s", splits[i].name);
		assert_string_equal(status, ok ? splits[i].status : "untouched");
		assert_true(view_is(rest, ok ? splits[i].rest : "?"));
	}
}

static void
test_status_valid(void **state)
{
	assert_true(dsn_status_valid(VIEW("4.4.1")));
	assert_false(dsn_status_valid(VIEW("4.4.1 ")));
	assert_false(dsn_status_valid(VIEW("")));
	assert_false(dsn_status_valid(VIEW("1.0.0")));
}

static void
test_set_from_its_own_text(void **state)
{
	struct dsn dsn;

	dsn_init(&dsn);
	dsn_set(&dsn, "5.1.1", "unknown user");
	buf_puts(&dsn.diag_type, "smtp");
	dsn_set(&dsn, "4.0.0", "delivery temporarily suspended: %s", buf_c(&dsn.text));
	assert_string_equal(dsn.status, "4.0.0");
	assert_string_equal(buf_c(&dsn.text), "delivery temporarily suspended: unknown user");
	assert_int_equal(dsn.diag_type.len, 0);
	dsn_fini(&dsn);
}

static void
test_errno_and_soften(void **state)
{
	struct dsn dsn;

	dsn_init(&dsn);
	dsn_from_errno(&dsn, "5.2.0", ENOSPC, VIEW("mail/user"));
	assert_string_equal(buf_c(&dsn.text), "mail/user: No space left on device");
	dsn_soften(&dsn);
	assert_string_equal(dsn.status, "4.2.0");
	dsn_soften(&dsn);
	assert_string_equal(dsn.status, "4.2.0");
	dsn_fini(&dsn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_status_valid),
		cmocka_unit_test(test_set_from_its_own_text),
		cmocka_unit_test(test_errno_and_soften),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
