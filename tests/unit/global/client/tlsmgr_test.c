#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/client/tlsmgr.h"

static struct frame
only_frame(const struct buf *bytes)
{
	struct cursor in = cursor_of(buf_view(bytes));
	struct frame frame;

	assert_int_equal(frame_parse(&in, &frame), 1);
	assert_true(cursor_done(&in));
	return frame;
}

static void
test_question_round_trip(void **state)
{
	struct tlsmgr_question in = { TLSMGR_LMTP, 32, VIEW("id\0x"), VIEW("\0session") }, out;
	struct buf bytes = BUF_INIT;
	struct frame frame;

	tlsmgr_question_put(&bytes, TLSMGR_FRAME_UPDATE, &in);
	frame = only_frame(&bytes);
	assert_true(tlsmgr_question_get(&frame, &out, NULL));
	assert_true(out.cache == in.cache && out.bytes == in.bytes && view_equal(out.id, in.id)
	    && view_equal(out.session, in.session));
	buf_fini(&bytes);
}

static void
test_answer_round_trip(void **state)
{
	char key[TLSMGR_KEY] = "key";
	struct tlsmgr_answer in = { .result = LOOKUP_NONE, .bytes = VIEW("x"), .kept = true, .timeout_sec = 7,
	    .name = view_bytes(key, TLSMGR_KEY_NAME), .cipher = view_bytes(key, TLSMGR_KEY), .mac = view_bytes(key, TLSMGR_KEY),
	    .signs_until = 5, .opens_until = -6 }, out;
	struct buf bytes = BUF_INIT;
	struct frame frame;

	tlsmgr_answer_put(&bytes, &in);
	frame = only_frame(&bytes);
	assert_true(tlsmgr_answer_get(&frame, &out, NULL));
	assert_true(out.result == LOOKUP_NONE && out.kept && out.timeout_sec == 7 && out.signs_until == 5
	    && out.opens_until == -6 && view_equal(out.mac, in.mac) && view_equal(out.bytes, in.bytes));
	buf_fini(&bytes);
}

/* IP: nothing that a peer says may be believed. */
static void
test_questions_out_of_range(void **state)
{
	static char big[TLSMGR_SESSION_MAX + 1];
	const struct tlsmgr_question bad[] = {
		{ .cache = TLSMGR_CACHES }, { .cache = -1 }, { .bytes = TLSMGR_SEED_MAX + 1 }, { .bytes = -1 },
		{ .id = view_bytes(big, TLSMGR_ID_MAX + 1) }, { .session = view_bytes(big, sizeof(big)) },
	};
	struct tlsmgr_question out;

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct buf bytes = BUF_INIT;
		struct frame frame;

		tlsmgr_question_put(&bytes, TLSMGR_FRAME_SEED, &bad[i]);
		frame = only_frame(&bytes);
		assert_false(tlsmgr_question_get(&frame, &out, NULL));
		frame.type = TLSMGR_FRAME_ANSWER;
		assert_false(tlsmgr_question_get(&frame, &out, NULL));
		buf_fini(&bytes);
	}
}

static void
test_answers_out_of_range(void **state)
{
	const struct tlsmgr_answer bad[] = {
		{ .result = LOOKUP_RETRY + 1 }, { .result = -1 }, { .name = VIEW("short") },
	};
	struct tlsmgr_answer out;

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct buf bytes = BUF_INIT;
		struct frame frame;

		tlsmgr_answer_put(&bytes, &bad[i]);
		frame = only_frame(&bytes);
		assert_false(tlsmgr_answer_get(&frame, &out, NULL));
		buf_fini(&bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question_round_trip),
		cmocka_unit_test(test_answer_round_trip),
		cmocka_unit_test(test_questions_out_of_range),
		cmocka_unit_test(test_answers_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
