#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/config/master_cf.h"

static struct master_cf *
good(const char *text)
{
	struct buf why = BUF_INIT;
	struct master_cf *cf = master_cf_parse(view_string(text), "master.cf", &why);

	if (cf == NULL)
		fail_msg("%s", buf_c(&why));
	buf_fini(&why);
	return cf;
}

static void
test_columns(void **state)
{
	struct master_cf *cf = good("# comment\nsmtp inet n - y - - smtpd\npickup unix n n - 60? 1 pickup\n");
	struct master_entry *smtp = LIST_FIRST(&cf->entries, struct master_entry, link);
	struct master_entry *pickup = LIST_NEXT(&cf->entries, smtp, struct master_entry, link);

	assert_string_equal(smtp->name, "smtp");
	assert_int_equal(smtp->type, MASTER_INET);
	assert_false(smtp->private_);
	assert_true(smtp->unprivileged);
	assert_true(smtp->chroot);
	assert_int_equal(smtp->wakeup_sec, 0);
	assert_int_equal(smtp->process_limit, -1);
	assert_string_equal(smtp->command, "smtpd");
	assert_int_equal(smtp->argc, 1);
	assert_null(smtp->argv[1]);
	assert_int_equal(smtp->line, 2);

	assert_false(pickup->unprivileged);
	assert_false(pickup->chroot);
	assert_int_equal(pickup->wakeup_sec, 60);
	assert_true(pickup->wakeup_if_used);
	assert_int_equal(pickup->process_limit, 1);
	assert_string_equal(pickup->fields[5], "60?");
	assert_null(LIST_NEXT(&cf->entries, pickup, struct master_entry, link));
	master_cf_free(cf);
}

static void
test_arguments(void **state)
{
	static const char *const expected[] = { "smtpd", "-o", "mydomain=x.test", "-o", "smtpd_banner = a {b} c", "-v", "" };
	struct master_cf *cf = good("2626 inet n - n - - smtpd\n  -o mydomain=x.test\n  # note\n\n"
	    "\t-o { smtpd_banner = a {b} c } -v {}\n");
	struct master_entry *entry = LIST_FIRST(&cf->entries, struct master_entry, link);

	assert_int_equal(entry->argc, ARRAY_COUNT(expected));
	for (size_t i = 0; i < ARRAY_COUNT(expected); i++)
		assert_string_equal(entry->argv[i], expected[i]);
	master_cf_free(cf);
}

/* A later line for the same endpoint takes the place of the earlier one. */
static void
test_same_service(void **state)
{
	struct master_cf *cf = good("smtp inet n - n - - one\nsmtp unix - - n - - two\nlocalhost:25 inet n - n - - three\n"
	    "25 inet n - n - - four\nsmtp unix - - n - - five\n");
	static const char *const expected[] = { "four", "five", "three" };
	size_t i = 0;

	LIST_FOREACH(entry, &cf->entries, struct master_entry, link)
		assert_string_equal(entry->command, expected[i++]);
	assert_int_equal(i, ARRAY_COUNT(expected));
	master_cf_free(cf);
	assert_true(master_name_equal(MASTER_INET, VIEW("submissions"), VIEW("smtps")));
	assert_true(master_name_equal(MASTER_INET, VIEW("LocalHost:smtp"), VIEW("localhost:25")));
	assert_false(master_name_equal(MASTER_UNIX, VIEW("smtp"), VIEW("25")));
}

/* CF8 */
static const struct {
	const char *text, *reason;
} bad[] = {
	{ "\n2626 inet n - n - smtpd", "master.cf: line 2: bad field count: the command is missing" },
	{ "2626 inet n - n -", "line 1: bad field count: the process_limit is missing" },
	{ "2626 inet n - n - -", "line 1: bad field count: the command is missing" },
	{ "2626", "line 1: bad field count: the type is missing" },
	{ "2626 foo n - n - - smtpd", "type field \"foo\": must be inet" },
	{ "2626 inet maybe - n - - smtpd", "private field \"maybe\": must be y, n or -" },
	{ "2626 inet n x n - - smtpd", "unprivileged field \"x\"" },
	{ "2626 inet n - Y - - smtpd", "chroot field \"Y\"" },
	{ "2626 inet n - n 1x - smtpd", "wakeup field" },
	{ "2626 inet n - n ? - smtpd", "wakeup field" },
	{ "2626 inet n - n 99999999999 - smtpd", "wakeup field" },
	{ "2626 inet n - n - many smtpd", "process_limit field \"many\"" },
	{ "2626 inet n - n - -1 smtpd", "process_limit field" },
	{ "2626 inet n - n - - smtpd -o { a = b", "missing '}'" },
	{ "2626 inet n - n - - smtpd -o {a=b}c", "text after '}'" },
	{ " 2626 inet n - n - - smtpd", "begins with a blank" },
	{ "a b\001", "control character" },
};

static void
test_bad(void **state)
{
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_null(master_cf_parse(view_string(bad[i].text), "master.cf", &why));
		if (strstr(buf_c(&why), bad[i].reason) == NULL)
			fail_msg("%s: %s", bad[i].text, buf_c(&why));
	}
	assert_null(master_cf_load("/nonexistent/master.cf", &why));
	buf_fini(&why);
}

static void
test_empty(void **state)
{
	struct master_cf *cf = good("\n# nothing\n  \n");

	assert_true(list_empty(&cf->entries));
	master_cf_free(cf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_same_service),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
