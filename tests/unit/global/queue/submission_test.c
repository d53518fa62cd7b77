#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "global/queue/submission.h"

/* PD2: record types and attributes meant for inside only. */
static void
test_types(void **state)
{
	static const struct {
		enum submission_segment segment;
		const char *good, *bad;
	} rows[] = {
		{ SUBMISSION_ENVELOPE, "MCTFSRVA", "DOW/K>LpNXEfdm" },
		{ SUBMISSION_CONTENT, "XLN", "pwMERASC" },
		{ SUBMISSION_EXTRACTED, "EAR", "DO/p>LKreMNX" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		for (const char *c = rows[i].good; *c != '\0'; c++)
			assert_true(submission_type_allowed(rows[i].segment, *c));
		for (const char *c = rows[i].bad; *c != '\0'; c++)
			assert_false(submission_type_allowed(rows[i].segment, *c));
		assert_false(submission_type_allowed(rows[i].segment, 0));
		assert_false(submission_type_allowed(rows[i].segment, 255));
	}
	assert_int_equal(submission_segment_after(SUBMISSION_ENVELOPE, 'M'), SUBMISSION_CONTENT);
	assert_int_equal(submission_segment_after(SUBMISSION_CONTENT, 'N'), SUBMISSION_CONTENT);
	assert_int_equal(submission_segment_after(SUBMISSION_CONTENT, 'X'), SUBMISSION_EXTRACTED);
	assert_int_equal(submission_segment_after(SUBMISSION_EXTRACTED, 'E'), SUBMISSION_DONE);
}

static const struct {
	struct view text;
	bool allowed, is_dsn;
} attributes[] = {
	{ VIEW_INIT("encoding=8bit"), true, false },
	{ VIEW_INIT("encoding=utf8"), false, false },
	{ VIEW_INIT("encoding="), true, false },
	{ VIEW_INIT("rewrite_context=remote"), true, false },
	{ VIEW_INIT("rewrite_context=x"), false, false },
	{ VIEW_INIT("trace_flags=512"), true, false },
	{ VIEW_INIT("trace_flags=1024"), true, false },
	{ VIEW_INIT("trace_flags=256"), false, false },
	{ VIEW_INIT("trace_flags=1536"), false, false },
	{ VIEW_INIT("trace_flags="), false, false },
	{ VIEW_INIT("notify_flags=2"), true, true },
	{ VIEW_INIT("notify_flags=15"), true, true },
	{ VIEW_INIT("notify_flags=16"), false, true },
	{ VIEW_INIT("notify_flags=x"), false, true },
	{ VIEW_INIT("notify_flags="), false, true },
	{ VIEW_INIT("ret_flags=2"), true, true },
	{ VIEW_INIT("ret_flags=-1"), false, true },
	{ VIEW_INIT("create_time=1700000000"), true, false },
	{ VIEW_INIT("create_time=9223372036854775807"), false, false },
	{ VIEW_INIT("create_time=soon"), false, false },
	{ VIEW_INIT("dsn_orig_rcpt=rfc822;x"), true, true },
	{ VIEW_INIT("sasl_username=root"), false, false },
	{ VIEW_INIT("client_address=1.2.3.4"), false, false },
	{ VIEW_INIT("create_time"), false, false },
	{ VIEW_INIT("=x"), false, false },
	{ VIEW_INIT(""), false, false },
};

static void
test_attributes(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(attributes); i++) {
		if (submission_attribute_allowed(attributes[i].text) != attributes[i].allowed)
			fail_msg("%.*s", VIEW_ARG(attributes[i].text));
		assert_int_equal(submission_attribute_is_dsn(attributes[i].text), attributes[i].is_dsn);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_types), cmocka_unit_test(test_attributes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
