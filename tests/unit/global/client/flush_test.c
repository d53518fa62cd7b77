/* The flush protocol, and which destinations it is used for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/client/flush.h"

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
test_round_trips(void **state)
{
	struct flush_request in = { VIEW("example.com"), VIEW("4ABC") }, out;
	enum flush_status status;
	struct buf frames = BUF_INIT;
	struct frame frame;

	flush_request_put(&frames, FLUSH_FRAME_ADD, &in);
	frame = only_frame(&frames);
	assert_true(flush_request_get(&frame, &out, NULL));
	assert_true(view_equal(out.site, in.site) && view_equal(out.queue_id, in.queue_id));
	frame.type = FLUSH_FRAME_STATUS;
	assert_false(flush_request_get(&frame, &out, NULL));
	buf_reset(&frames);
	flush_status_put(&frames, FLUSH_UNSERVED);
	frame = only_frame(&frames);
	assert_true(flush_status_get(&frame, &status, NULL));
	assert_int_equal(status, FLUSH_UNSERVED);
	buf_reset(&frames);
	flush_status_put(&frames, FLUSH_UNSERVED + 1);
	frame = only_frame(&frames);
	assert_false(flush_status_get(&frame, &status, NULL));
	buf_fini(&frames);
}

static void
test_unfit_names_are_not_asked_for(void **state)
{
	assert_int_equal(flush_site("nowhere", VIEW_EMPTY, 1000), FLUSH_BAD);
	assert_int_equal(flush_message("nowhere", VIEW("A\0B"), 1000), FLUSH_BAD);
}

static const struct {
	const char *list, *parents, *domain;
	bool served;
} domains[] = {
	{ "", "", "example.com", false },
	{ "example.com", "", "EXAMPLE.com", true },
	{ "example.com", "", "sub.example.com", false },
	{ "example.com", "debug_peer_list, fast_flush_domains", "sub.example.com", true },
	{ "192.0.2.1", "", "[192.0.2.1]", true },
	{ "fail:x", "", "example.com", true },		/* cannot be told: the service decides */
};

static void
test_served_domains(void **state)
{
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		struct config *config = config_empty("/nonexistent");
		struct fast_flush fast;

		config_override(config, VIEW("fast_flush_domains"), view_string(domains[i].list));
		config_override(config, VIEW("parent_domain_matches_subdomains"), view_string(domains[i].parents));
		assert_true(fast_flush_open(&fast, config, NULL));
		assert_int_equal(fast_flush_serves(&fast, view_string(domains[i].domain)), domains[i].served);
		fast_flush_close(&fast);
		config_free(config);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_unfit_names_are_not_asked_for),
		cmocka_unit_test(test_served_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
