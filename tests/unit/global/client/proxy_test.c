/* The protocol of proxymap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/client/proxy.h"

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
test_request(void **state)
{
	struct proxy_request in = { VIEW("hash:x"), TABLE_FOLD_FIXED, VIEW("k\0ey"), VIEW("value"), VIEW("next"), true }, out;
	struct buf frames = BUF_INIT;
	struct frame frame;

	assert_true(proxy_request_put(&frames, PROXY_FRAME_UPDATE, &in));
	frame = only_frame(&frames);
	assert_true(proxy_request_get(&frame, &out, NULL));
	assert_true(view_equal(in.table, out.table) && view_equal(in.key, out.key) && view_equal(in.value, out.value));
	assert_true(out.flags == TABLE_FOLD_FIXED && out.restart && view_is(out.next, "next"));
	frame.type = PROXY_FRAME_ANSWER;
	assert_false(proxy_request_get(&frame, &out, NULL));
	buf_fini(&frames);
}

static void
test_answer(void **state)
{
	struct proxy_answer in = {
		.status = PROXY_FOUND, .value = VIEW("value"), .kind = TABLE_PATTERN, .owner = 7, .next_status = PROXY_NONE,
		.next_value = VIEW("other"),
	}, out;
	struct buf frames = BUF_INIT;
	struct frame frame;

	proxy_answer_put(&frames, &in);
	frame = only_frame(&frames);
	assert_true(proxy_answer_get(&frame, &out, NULL));
	assert_true(view_is(out.value, "value") && out.kind == TABLE_PATTERN && out.owner == 7);
	assert_true(out.next_status == PROXY_NONE && view_is(out.next_value, "other"));
	buf_reset(&frames);
	in.next_status = PROXY_REFUSED + 1;
	proxy_answer_put(&frames, &in);
	frame = only_frame(&frames);
	assert_false(proxy_answer_get(&frame, &out, NULL));
	buf_fini(&frames);
}

/* What does not fit into a frame is never sent in part. */
static void
test_too_long(void **state)
{
	struct buf text = BUF_INIT, frames = BUF_INIT;
	struct proxy_request request = { .table = VIEW("hash:x") };
	struct proxy_answer answer = { .status = PROXY_FOUND }, out;
	struct frame frame;

	buf_putn(&text, 'x', FRAME_MAX);
	request.key = answer.value = buf_view(&text);
	assert_false(proxy_request_put(&frames, PROXY_FRAME_UPDATE, &request));
	assert_int_equal(frames.len, 0);
	proxy_answer_put(&frames, &answer);
	frame = only_frame(&frames);
	assert_true(proxy_answer_get(&frame, &out, NULL));
	assert_int_equal(out.status, PROXY_RETRY);
	buf_fini(&text);
	buf_fini(&frames);
}

/* The bytes of all parts and of the request behind them. */
static bool
joins_to(const struct buf *frames, struct view key)
{
	struct cursor in = cursor_of(buf_view(frames));
	struct buf joined = BUF_INIT;
	struct proxy_request request;
	struct frame frame;
	bool same;

	while (frame_parse(&in, &frame) == 1 && frame.type == PROXY_FRAME_PART)
		buf_putv(&joined, frame.payload);
	assert_int_equal(frame.type, PROXY_FRAME_LOOKUP);
	assert_true(proxy_request_get(&frame, &request, NULL) && view_is(request.table, "pcre:x") && cursor_done(&in));
	buf_putv(&joined, request.key);
	same = view_equal(buf_view(&joined), key);
	buf_fini(&joined);
	return same;
}

static void
test_long_keys_go_in_parts(void **state)
{
	static const size_t sizes[] = {
		FRAME_MAX - 40, FRAME_MAX - 20, FRAME_MAX - 1, FRAME_MAX, FRAME_MAX + 1, 3 * FRAME_MAX / 2, PROXY_KEY_MAX,
	};
	struct proxy_request request = { .table = VIEW("pcre:x") };

	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct buf key = BUF_INIT, frames = BUF_INIT;

		while (key.len < sizes[i])
			buf_putc(&key, (char)('a' + key.len % 23));
		request.key = buf_view(&key);
		assert_true(proxy_request_put(&frames, PROXY_FRAME_LOOKUP, &request));
		assert_true(joins_to(&frames, request.key));
		buf_fini(&key);
		buf_fini(&frames);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_long_keys_go_in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
