#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/client/scache.h"

static bool
travel(unsigned type, const struct scache_session *in, struct scache_session *out, struct buf *bytes)
{
	struct cursor cursor;
	struct frame frame;

	scache_session_put(bytes, type, in);
	cursor = cursor_of(buf_view(bytes));
	assert_int_equal(frame_parse(&cursor, &frame), 1);
	return scache_session_get(&frame, out, NULL);
}

static void
test_round_trip(void **state)
{
	struct scache_session in = { VIEW("key"), 5, VIEW("192.0.2.1"), VIEW("a[192.0.2.1]"), VIEW("a[192.0.2.1]:25"),
	    VIEW("a"), VIEW("PLAIN"), 6, 7, 8, 1ull << 40, -9, true }, out;
	struct buf bytes = BUF_INIT;

	assert_true(travel(SCACHE_FRAME_SAVE, &in, &out, &bytes));
	assert_true(view_equal(in.key, out.key) && view_equal(in.address, out.address) && view_equal(in.peer, out.peer)
	    && view_equal(in.relay, out.relay) && view_equal(in.host, out.host) && view_equal(in.mechanisms, out.mechanisms));
	assert_true(out.ttl_ms == 5 && out.features == 6 && out.xforward == 7 && out.uses == 8
	    && out.size_limit == 1ull << 40 && out.opened == -9 && out.delays_dot);
	buf_fini(&bytes);
}

static void
test_what_is_refused(void **state)
{
	static char big[SCACHE_TEXT_MAX + 1];
	const struct {
		unsigned type;
		struct scache_session session;
	} bad[] = {
		{ SCACHE_FRAME_SAVE, { .key = VIEW_EMPTY } },
		{ SCACHE_FRAME_FIND, { .key = VIEW_EMPTY } },
		{ SCACHE_FRAME_SESSION + 1, { .key = { "x", 1 } } },
		{ SCACHE_FRAME_SAVE, { .key = { "x", 1 }, .ttl_ms = -1 } },
		{ SCACHE_FRAME_SAVE, { .key = { "x", 1 }, .uses = -1 } },
		{ SCACHE_FRAME_SAVE, { .key = { "x", 1 }, .host = { big, sizeof(big) } } },
		{ SCACHE_FRAME_SAVE, { .key = { "x\0y", 3 } } },
	};
	struct scache_session out;

	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct buf bytes = BUF_INIT;

		if (travel(bad[i].type, &bad[i].session, &out, &bytes))
			fail_msg("case %zu", i);
		buf_fini(&bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
