/* The verify protocol, and the senders of probes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/client/verify.h"

static bool
round_trip(const struct verify_message *in, struct verify_message *out, struct buf *frames)
{
	struct cursor cursor;
	struct frame frame;

	buf_reset(frames);
	verify_message_put(frames, VERIFY_FRAME_UPDATE, in);
	cursor = cursor_of(buf_view(frames));
	return frame_parse(&cursor, &frame) == 1 && cursor_done(&cursor) && verify_message_get(&frame, out, NULL);
}

static void
test_round_trip(void **state)
{
	struct verify_message in = { VIEW("a@example.com"), VERIFY_UNDELIVERABLE, VIEW("550 no") }, out;
	struct buf frames = BUF_INIT;

	assert_true(round_trip(&in, &out, &frames));
	assert_true(view_equal(in.address, out.address) && view_equal(in.text, out.text));
	assert_int_equal(out.status, VERIFY_UNDELIVERABLE);
	in.status = VERIFY_UNAVAILABLE + 1;
	assert_false(round_trip(&in, &out, &frames));
	buf_fini(&frames);
}

/* What servers say may be long, and hold any byte. */
static void
test_texts_are_cut(void **state)
{
	struct verify_message in = { .address = VIEW("a@example.com"), .text = VIEW("said\0NUL") }, out;
	struct buf frames = BUF_INIT, text = BUF_INIT;

	assert_true(round_trip(&in, &out, &frames));
	assert_true(view_is(out.text, "said"));
	buf_putn(&text, 'x', 100000);
	in.text = buf_view(&text);
	assert_true(round_trip(&in, &out, &frames));
	assert_int_equal(out.text.len, VERIFY_TEXT_MAX);
	buf_fini(&frames);
	buf_fini(&text);
}

static const struct {
	const char *address;
	int ttl_sec;
	time_t now;
	const char *expected;
} senders[] = {
	{ "double-bounce", 0, 1000000, "double-bounce@example.com" },
	{ "probe@example.net", 0, 1000000, "probe@example.net" },
	{ "<>", 0, 1000000, "" },
	{ "", 3600, 1000000, "" },
	{ "probe", 3600, 36 * 36 * 3600, "probe100@example.com" },
	{ "probe", 3600, 35 * 3600 + 3599, "probez@example.com" },
};

static void
test_senders(void **state)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		struct verify_sender sender = { senders[i].address, "example.com", senders[i].ttl_sec };

		verify_sender_put(&sender, senders[i].now, &out);
		assert_string_equal(buf_c(&out), senders[i].expected);
	}
	buf_fini(&out);
}

static void
test_old_senders(void **state)
{
	struct verify_sender sender = { "probe", "example.com", 3600 };

	assert_true(verify_sender_is(&sender, 36000, VIEW("PROBEa@example.com")));
	assert_true(verify_sender_is(&sender, 36000, VIEW("probe9@example.com")));
	assert_false(verify_sender_is(&sender, 36000, VIEW("probe8@example.com")));
	assert_false(verify_sender_is(&sender, 36000, VIEW("probe@example.com")));
	sender.address = "<>";
	assert_false(verify_sender_is(&sender, 36000, VIEW_EMPTY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_texts_are_cut),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_old_senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
