/* Classes of refusals, and the bound of the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "global/client/transcript.h"

static unsigned
class_of(const char *dsn, const char *text)
{
	struct transcript transcript = { .troubles = 0 };

	transcript_refused(&transcript, dsn, view_string(text));
	return transcript.troubles;
}

static void
test_classes(void **state)
{
	assert_int_equal(class_of("4.3.1", "Error"), TROUBLE_RESOURCE);
	assert_int_equal(class_of("5.3.4", "Error"), TROUBLE_POLICY);
	assert_int_equal(class_of("5.7.1", "Error"), TROUBLE_POLICY);
	assert_int_equal(class_of("5.1.1", "Error"), TROUBLE_POLICY);
	assert_int_equal(class_of("5.1.8", "Error"), TROUBLE_POLICY);
	assert_int_equal(class_of("4.5.3", "Error"), TROUBLE_POLICY);
	assert_int_equal(class_of("5.5.2", "Error"), TROUBLE_PROTOCOL);
	assert_int_equal(class_of("", "Error"), TROUBLE_PROTOCOL);
	assert_int_equal(class_of("4.3.0", "queue file write error"), TROUBLE_RESOURCE);
	assert_int_equal(class_of("4.3.0", "<x@y>: Temporary lookup failure"), TROUBLE_DATA);
	assert_int_equal(class_of("5.1.1", "<x@y>: Recipient address rejected: User unknown in local recipient table"), TROUBLE_BOUNCE);
	assert_int_equal(class_of("5.3.4", "Error: message file too big"), TROUBLE_BOUNCE);
	assert_int_equal(class_of("5.5.1", "Error: no valid recipients"), 0);
	assert_int_equal(class_of("4.3.5", "Server configuration error"), TROUBLE_SOFTWARE);
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
