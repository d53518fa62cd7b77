#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/delivery/delivery.h"

static struct frame
next_frame(struct cursor *in)
{
	struct frame frame;

	assert_int_equal(frame_parse(in, &frame), 1);
	return frame;
}

static void
test_request_round_trip(void **state)
{
	struct queue_recipient recipients[] = {
		{ .address = VIEW("a@example.com"), .original = VIEW("x@example.com"), .dsn_orcpt = VIEW("rfc822;x@example.com"),
		    .dsn_notify = DSN_NOTIFY_FAILURE, .offset = 1234567890123 },
		{ .address = VIEW("b@example.com"), .offset = -1 },
	};
	struct delivery_request in = {
		.queue_name = VIEW("active"), .queue_id = VIEW("B7EAEA7605C"), .nexthop = VIEW("[mx.example.com]:2525"),
		.sender = VIEW("s@example.org"), .flags = DELIVERY_CONN_LOAD, .ret = DSN_RET_HDRS, .options = 1,
		.data_offset = 500, .data_size = 7000, .times = { .arrival = { 1700000000, 999999 } },
		.recipients = recipients, .recipient_count = 2,
	}, out;
	struct arena arena = ARENA_INIT;
	struct buf frames = BUF_INIT;
	struct cursor cursor;
	struct frame frame;
	struct queue_recipient one, two;

	delivery_request_put(&frames, &in);
	cursor = cursor_of(buf_view(&frames));
	frame = next_frame(&cursor);
	assert_true(delivery_request_get(&frame, &arena, &out, NULL));
	frame = next_frame(&cursor);
	assert_true(delivery_recipient_get(&frame, &arena, &one, NULL));
	assert_int_equal(frame.flags & FRAME_MORE, FRAME_MORE);
	frame = next_frame(&cursor);
	assert_true(delivery_recipient_get(&frame, &arena, &two, NULL));
	assert_int_equal(frame.flags & FRAME_MORE, 0);
	assert_true(cursor_done(&cursor));
	buf_fini(&frames);			/* nothing points into them any more */

	assert_true(view_equal(out.nexthop, in.nexthop));
	assert_true(view_equal(out.sender, in.sender));
	assert_int_equal(out.flags, in.flags);
	assert_int_equal(out.data_size, 7000);
	assert_int_equal(out.times.arrival.tv_usec, 999999);
	assert_int_equal(out.times.queued.tv_sec, 0);
	assert_int_equal(out.fd, -1);
	assert_true(view_equal(one.dsn_orcpt, recipients[0].dsn_orcpt));
	assert_int_equal(one.offset, 1234567890123);
	assert_int_equal(two.offset, -1);
	arena_fini(&arena);
}

static void
test_bad_names_are_refused(void **state)
{
	static const struct { const char *queue, *id; } bad[] = {
		{ "active", "../../etc/passwd" }, { "../x", "B7EAEA7605C" }, { "active", "" }, { "", "A1" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct delivery_request in = { .queue_name = view_string(bad[i].queue), .queue_id = view_string(bad[i].id) }, out;
		struct arena arena = ARENA_INIT;
		struct buf frames = BUF_INIT;
		struct cursor cursor;
		struct frame frame;

		delivery_request_put(&frames, &in);
		cursor = cursor_of(buf_view(&frames));
		frame = next_frame(&cursor);
		assert_false(delivery_request_get(&frame, &arena, &out, NULL));
		buf_fini(&frames);
		arena_fini(&arena);
	}
}

static void
report_round_trip(struct delivery_report *in, struct delivery_report *out, bool accepted)
{
	struct buf frames = BUF_INIT;
	struct cursor cursor;
	struct frame frame;

	delivery_report_put(&frames, in);
	cursor = cursor_of(buf_view(&frames));
	frame = next_frame(&cursor);
	assert_int_equal(delivery_report_get(&frame, out, NULL), accepted);
	frame.type++;
	assert_false(delivery_report_get(&frame, out, NULL));
	buf_fini(&frames);
}

static void
test_reports(void **state)
{
	struct delivery_report in = { .result = DELIVERY_DEFERRED }, out = { .result = DELIVERY_DONE };

	dsn_init(&in.dsn);
	dsn_init(&out.dsn);
	dsn_set(&in.dsn, "4.4.1", "connect to mx: Connection refused");
	report_round_trip(&in, &out, true);
	assert_int_equal(out.result, DELIVERY_DEFERRED);
	assert_string_equal(out.dsn.status, "4.4.1");
	assert_string_equal(buf_c(&out.dsn.text), "connect to mx: Connection refused");
	in.result = (enum delivery_result)7;
	report_round_trip(&in, &out, false);
	dsn_fini(&in.dsn);
	dsn_fini(&out.dsn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_round_trip),
		cmocka_unit_test(test_bad_names_are_refused),
		cmocka_unit_test(test_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
