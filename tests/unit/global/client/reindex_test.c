#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "global/client/reindex.h"

static struct frame
only_frame(const struct buf *frames)
{
	struct cursor in = cursor_of(buf_view(frames));
	struct frame frame;

	assert_int_equal(frame_parse(&in, &frame), 1);
	assert_true(cursor_done(&in));
	return frame;
}

static void
test_round_trip(void **state)
{
	struct reindex_message in = { .name = VIEW("/etc/postfix/map"), .done = true, .why = VIEW("it was") }, out;
	struct buf frames = BUF_INIT;
	struct frame frame;

	reindex_message_put(&frames, REINDEX_FRAME_BUILD, &in);
	frame = only_frame(&frames);
	assert_true(reindex_message_get(&frame, REINDEX_FRAME_BUILD, &out, NULL));
	assert_true(view_equal(in.name, out.name) && out.done && view_equal(in.why, out.why));
	assert_false(reindex_message_get(&frame, REINDEX_FRAME_STATUS, &out, NULL));
	buf_fini(&frames);
}

/* A reason that is too long is cut, for the answer must come. */
static void
test_too_long_a_reason(void **state)
{
	struct buf text = BUF_INIT, frames = BUF_INIT;
	struct reindex_message in = { .done = false }, out;
	struct frame frame;

	buf_putn(&text, 'x', FRAME_MAX);
	in.why = buf_view(&text);
	reindex_message_put(&frames, REINDEX_FRAME_STATUS, &in);
	frame = only_frame(&frames);
	assert_true(reindex_message_get(&frame, REINDEX_FRAME_STATUS, &out, NULL));
	assert_true(!out.done && out.why.len > 0 && out.why.len < FRAME_MAX);
	buf_fini(&text);
	buf_fini(&frames);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_round_trip), cmocka_unit_test(test_too_long_a_reason) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
