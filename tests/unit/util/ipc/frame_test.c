/* Frames: encoder and decoder from one table (IP2), complete or none (IP3), lengths checked first (IP5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <limits.h>
#include <cmocka.h>

#include "util/ipc/frame.h"

struct message {
	struct view name, data;
	uint64_t size;
	int64_t offset;
	int count;
	bool urgent;
};

static const struct field fields[] = {
	FIELD(struct message, name, 1, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct message, data, 2, FIELD_BYTES, 0),
	FIELD(struct message, size, 3, FIELD_U64, 0),
	FIELD(struct message, offset, 4, FIELD_I64, 0),
	FIELD(struct message, count, 5, FIELD_INT, 0),
	FIELD(struct message, urgent, 6, FIELD_BOOL, 0),
	FIELD_END
};

static const struct message messages[] = {
	{ .name = VIEW_INIT("") },
	{ .name = VIEW_INIT("a"), .data = VIEW_INIT("\0\1"), .size = 1, .offset = -1, .count = -1, .urgent = true },
	{ .name = VIEW_INIT("b"), .size = UINT64_MAX, .offset = INT64_MIN, .count = INT_MIN },
	{ .name = VIEW_INIT("c"), .size = 256, .offset = INT64_MAX, .count = INT_MAX },
	{ .name = VIEW_INIT("d"), .size = 1ULL << 63, .offset = 65536, .count = 255 },
};

static bool
message_equal(const struct message *a, const struct message *b)
{
	return view_equal(a->name, b->name) && view_equal(a->data, b->data) && a->size == b->size &&
	    a->offset == b->offset && a->count == b->count && a->urgent == b->urgent;
}

static void
test_round_trip_ip2(void **state)
{
	struct buf out = BUF_INIT;
	struct message got;
	struct frame frame;
	struct cursor in;

	for (size_t i = 0; i < ARRAY_COUNT(messages); i++) {
		buf_reset(&out);
		frame_put(&out, 20, FRAME_MORE, fields, &messages[i]);
		assert_int_equal(out.len, frame_size(fields, &messages[i]));
		in = cursor_of(buf_view(&out));
		assert_int_equal(frame_parse(&in, &frame), 1);
		assert_true(cursor_done(&in));
		assert_int_equal(frame.type, 20);
		assert_int_equal(frame.flags, FRAME_MORE);
		assert_true(frame_get(&frame, fields, &got, sizeof(got), NULL));
		assert_true(message_equal(&messages[i], &got));
	}
	buf_fini(&out);
}

/* Attributes by hand; good says whether they make a message. */
static const struct {
	const char *what;
	struct view payload;
	bool good;
} payloads[] = {
	{ "only the required one", VIEW_INIT("\1\1\0\0x"), true },
	{ "required one is empty", VIEW_INIT("\1\0\0\0"), true },
	{ "nothing", VIEW_INIT(""), false },
	{ "required one is missing", VIEW_INIT("\3\1\0\0\1"), false },
	{ "unknown tag", VIEW_INIT("\1\1\0\0x\11\0\0\0"), false },
	{ "tag 0", VIEW_INIT("\1\1\0\0x\0\0\0\0"), false },
	{ "twice", VIEW_INIT("\1\1\0\0x\1\1\0\0x"), false },
	{ "NUL in a string", VIEW_INIT("\1\1\0\0\0"), false },
	{ "NUL in bytes", VIEW_INIT("\1\0\0\0\2\1\0\0\0"), true },
	{ "header cut off", VIEW_INIT("\1\1\0"), false },
	{ "value cut off", VIEW_INIT("\1\2\0\0x"), false },
	{ "length of 16 MB", VIEW_INIT("\1\377\377\377x"), false },
	{ "number of no bytes", VIEW_INIT("\1\0\0\0\3\0\0\0"), false },
	{ "number with superfluous zero", VIEW_INIT("\1\0\0\0\3\2\0\0\1\0"), false },
	{ "number of nine bytes", VIEW_INIT("\1\0\0\0\3\11\0\0\1\1\1\1\1\1\1\1\1"), false },
	{ "zero, spelled out", VIEW_INIT("\1\0\0\0\3\1\0\0\0"), true },
	{ "int 2^31-1", VIEW_INIT("\1\0\0\0\5\4\0\0\377\377\377\177"), true },
	{ "int 2^31", VIEW_INIT("\1\0\0\0\5\4\0\0\0\0\0\200"), false },
	{ "int 2^32", VIEW_INIT("\1\0\0\0\5\5\0\0\0\0\0\0\1"), false },
	{ "bool 1", VIEW_INIT("\1\0\0\0\6\1\0\0\1"), true },
	{ "bool 2", VIEW_INIT("\1\0\0\0\6\1\0\0\2"), false },
};

static void
test_payloads_ip3(void **state)
{
	static const struct message none;
	struct message got;
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(payloads); i++) {
		struct frame frame = { 16, 0, payloads[i].payload };

		buf_reset(&why);
		if (frame_get(&frame, fields, &got, sizeof(got), &why) != payloads[i].good)
			fail_msg("%s: %s", payloads[i].what, buf_c(&why));
		assert_int_equal(why.len == 0, payloads[i].good);
		if (!payloads[i].good)
			assert_true(message_equal(&got, &none));
	}
	buf_fini(&why);
}

static const struct {
	const char *what;
	struct view bytes;
	int result;
} heads[] = {
	{ "nothing", VIEW_INIT(""), 0 },
	{ "half a length", VIEW_INIT("\2\0"), 0 },
	{ "length alone", VIEW_INIT("\2\0\0\0"), 0 },
	{ "no flags", VIEW_INIT("\2\0\0\0\20"), 0 },
	{ "smallest", VIEW_INIT("\2\0\0\0\20\0"), 1 },
	{ "length 0", VIEW_INIT("\0\0\0\0"), -1 },
	{ "length 1", VIEW_INIT("\1\0\0\0\20"), -1 },
	{ "largest", VIEW_INIT("\0\0\1\0\20\0"), 0 },
	{ "one more", VIEW_INIT("\1\0\1\0\20\0"), -1 },
	{ "2^31-1", VIEW_INIT("\377\377\377\177"), -1 },
	{ "2^32-1", VIEW_INIT("\377\377\377\377"), -1 },
};

static void
test_lengths_ip5(void **state)
{
	struct frame frame;

	for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
		struct cursor in = cursor_of(heads[i].bytes);

		if (frame_parse(&in, &frame) != heads[i].result)
			fail_msg("%s", heads[i].what);
		if (heads[i].result != 1)
			assert_int_equal(cursor_left(&in), heads[i].bytes.len);
	}
}

static void
test_print(void **state)
{
	struct buf out = BUF_INIT, text = BUF_INIT;
	struct frame frame;
	struct cursor in;

	frame_put(&out, 16, 0, fields, &messages[1]);
	in = cursor_of(buf_view(&out));
	assert_int_equal(frame_parse(&in, &frame), 1);
	frame_print(&text, &frame, fields);
	assert_string_equal(buf_c(&text),
	    "type 16 flags 0 name=\"a\" data=(2 bytes) size=1 offset=-1 count=-1 urgent=1");
	buf_fini(&text);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_ip2),
		cmocka_unit_test(test_payloads_ip3),
		cmocka_unit_test(test_lengths_ip5),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
