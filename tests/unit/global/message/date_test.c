#include "global/message/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static void
test_date(void **state)
{
	struct buf out = BUF_INIT;

	zone("UTC0");
	date_put(&out, 1762074300);
	assert_string_equal(buf_c(&out), "Sun, 02 Nov 2025 09:05:00 +0000 (UTC)");
	buf_reset(&out);
	zone("<-0330>3:30");
	date_put(&out, 1762074300);
	assert_string_equal(buf_c(&out), "Sun, 02 Nov 2025 05:35:00 -0330 (-0330)");
	buf_reset(&out);
	zone("UTC0");
	date_put_log(&out, 1762074300);
	assert_string_equal(buf_c(&out), "Nov 02 09:05:00");
	buf_fini(&out);
}

static void
test_message_id(void **state)
{
	struct buf out = BUF_INIT;

	zone("CET-1");
	message_id_put(&out, 1762074300, VIEW("4ABC"), VIEW("h.test"));
	assert_string_equal(buf_c(&out), "<20251102090500.4ABC@h.test>");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_date), cmocka_unit_test(test_message_id) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
