#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/client/bounce.h"
#include "global/client/qmgr.h"
#include "global/queue/envelope.h"

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
test_entry_round_trip(void **state)
{
	struct bounce_entry in = {
		.queue_id = VIEW("A1"), .recipient = VIEW("r@example.com"), .dsn_notify = 6, .offset = 77,
		.status = VIEW("5.1.1"), .action = VIEW("failed"), .text = VIEW("unknown user"), .flags = BOUNCE_FLAG_CLEAN,
	}, out;
	struct buf frames = BUF_INIT;
	struct frame frame;

	bounce_entry_put(&frames, BOUNCE_FRAME_APPEND, &in);
	frame = only_frame(&frames);
	assert_true(bounce_entry_get(&frame, &out, NULL));
	assert_true(view_equal(out.text, in.text));
	assert_int_equal(out.dsn_notify, 6);
	assert_int_equal(out.offset, 77);
	assert_int_equal(out.flags, BOUNCE_FLAG_CLEAN);
	buf_fini(&frames);
}

/* However long what a server said is, the frame holds it. */
static void
test_long_texts_are_cut(void **state)
{
	struct buf text = BUF_INIT, frames = BUF_INIT;
	struct bounce_entry in = { .queue_id = VIEW("A1"), .status = VIEW("5.0.0") }, out;
	struct frame frame;

	buf_putn(&text, 'x', 100000);
	in.text = in.diag_text = in.recipient = in.original = in.mta_name = in.dsn_orcpt = buf_view(&text);
	bounce_entry_put(&frames, BOUNCE_FRAME_APPEND, &in);
	frame = only_frame(&frames);
	assert_true(bounce_entry_get(&frame, &out, NULL));
	assert_int_equal(out.text.len, 4096);
	buf_fini(&text);
	buf_fini(&frames);
}

static void
test_notice_and_status_round_trip(void **state)
{
	struct bounce_notice in = {
		.queue_name = VIEW("active"), .queue_id = VIEW("A1"), .sender = VIEW("s@example.org"), .verp = VIEW("+="),
		.ret = DSN_RET_FULL, .flags = BOUNCE_FLAG_KEEP, .options = 32, .warn = true,
	}, out;
	struct buf frames = BUF_INIT;
	struct frame frame;
	bool ok = true;

	bounce_notice_put(&frames, BOUNCE_FRAME_WARN, &in);
	frame = only_frame(&frames);
	assert_true(bounce_notice_get(&frame, &out, NULL));
	assert_true(view_equal(out.verp, in.verp) && out.warn && out.options == 32);
	assert_false(bounce_status_get(&frame, &ok, NULL));
	buf_reset(&frames);
	bounce_status_put(&frames, false);
	frame = only_frame(&frames);
	assert_true(bounce_status_get(&frame, &ok, NULL));
	assert_false(ok);
	buf_fini(&frames);
}

static void
test_announcement(void **state)
{
	struct buf records = BUF_INIT, frames = BUF_INIT;
	struct qmgr_announcement in = { .queue_id = VIEW("A1"), .head = VIEW("C\0S"), .tail = VIEW("XE"), .tail_at = 900 }, out;
	struct frame frame;

	qmgr_announcement_put(&frames, &in);
	frame = only_frame(&frames);
	assert_true(qmgr_announcement_get(&frame, &out, NULL));
	assert_true(view_equal(out.head, in.head) && view_equal(out.tail, in.tail) && out.tail_at == 900);
	buf_reset(&frames);
	buf_putn(&records, 'r', 20000);
	in.head = buf_view(&records);
	qmgr_announcement_put(&frames, &in);
	frame = only_frame(&frames);
	assert_true(qmgr_announcement_get(&frame, &out, NULL));
	assert_true(view_empty(out.head) && view_empty(out.tail));
	assert_true(view_equal(out.queue_id, in.queue_id));
	buf_reset(&frames);
	in = (struct qmgr_announcement){ .queue_id = VIEW("../A1") };
	qmgr_announcement_put(&frames, &in);
	frame = only_frame(&frames);
	assert_false(qmgr_announcement_get(&frame, &out, NULL));
	buf_fini(&records);
	buf_fini(&frames);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry_round_trip),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_notice_and_status_round_trip),
		cmocka_unit_test(test_announcement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
