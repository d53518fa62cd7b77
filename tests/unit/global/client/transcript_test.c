/* Classes of refusals, and the bound of the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "global/client/transcript.h"

static unsigned
class_of(const char *dsn)
{
	struct transcript transcript = { .troubles = 0 };

	transcript_refused(&transcript, dsn);
	return transcript.troubles;
}

static void
test_classes(void **state)
{
	assert_int_equal(class_of("4.3.1"), TROUBLE_RESOURCE);
	assert_int_equal(class_of("5.3.4"), TROUBLE_POLICY);
	assert_int_equal(class_of("5.7.1"), TROUBLE_POLICY);
	assert_int_equal(class_of("5.1.1"), TROUBLE_BOUNCE);
	assert_int_equal(class_of("5.1.8"), TROUBLE_POLICY);
	assert_int_equal(class_of("4.3.5"), TROUBLE_SOFTWARE);
	assert_int_equal(class_of("4.5.3"), TROUBLE_POLICY);
	assert_int_equal(class_of("5.5.2"), TROUBLE_PROTOCOL);
	assert_int_equal(class_of(""), TROUBLE_PROTOCOL);
}

static void
test_bounded(void **state)
{
	struct transcript transcript = { .troubles = 0 };

	for (int i = 0; i < 10000; i++)
		transcript_in(&transcript, VIEW("a command of some forty bytes, or nearly so"));
	assert_true(transcript.cut);
	assert_in_range(transcript.text.len, 60000, 70000);
	transcript_reset(&transcript);
	assert_false(transcript.cut);
	transcript_out(&transcript, 250, "2.0.0", VIEW("ok"));
	transcript_out(&transcript, 250, "", VIEW("mail.test\nSIZE"));
	transcript_in(&transcript, VIEW("a\rb"));
	assert_string_equal(buf_c(&transcript.text), " Out: 250 2.0.0 ok\n Out: 250-mail.test\n Out: 250 SIZE\n In:  a?b\n");
	transcript_fini(&transcript);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
