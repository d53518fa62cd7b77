#include "table/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int
begin(void **state)
{
	clock_set_fake(5000, (struct timeval){ .tv_sec = 1700000000 });
	*state = mem_new(sizeof(struct recent));
	return 0;
}

static int
end(void **state)
{
	recent_fini(*state);
	mem_free(*state);
	return 0;
}

static void
test_answers_are_kept_for_a_second(void **state)
{
	struct recent *recent = *state;
	struct buf value = BUF_INIT;
	enum lookup result;

	assert_false(recent_get(recent, VIEW("bob"), &value, &result));
	assert_false(recent_get(recent, VIEW_EMPTY, &value, &result));
	recent_put(recent, VIEW("bob"), VIEW("bob:x"), LOOKUP_FOUND);
	clock_advance(RECENT_MS - 1);
	assert_true(recent_get(recent, VIEW("bob"), &value, &result));
	assert_true(result == LOOKUP_FOUND && view_is(buf_view(&value), "bob:x"));
	clock_advance(1);
	assert_false(recent_get(recent, VIEW("bob"), &value, &result));
	buf_fini(&value);
}

static void
test_that_there_is_none_is_kept_and_a_failure_is_not(void **state)
{
	struct recent *recent = *state;
	struct buf value = BUF_INIT;
	enum lookup result;

	recent_put(recent, VIEW("eve"), VIEW_EMPTY, LOOKUP_NONE);
	assert_true(recent_get(recent, VIEW("eve"), &value, &result));
	assert_true(result == LOOKUP_NONE && value.len == 0);
	recent_put(recent, VIEW("bob"), VIEW_EMPTY, LOOKUP_RETRY);
	assert_false(recent_get(recent, VIEW("bob"), &value, &result));
	buf_fini(&value);
}

/* More keys than places: whatever is still there is right. */
static void
test_keys_that_share_a_place(void **state)
{
	struct recent *recent = *state;
	struct buf value = BUF_INIT;
	enum lookup result;
	char key[16];
	size_t known = 0;

	for (int i = 0; i < 10 * RECENT_COUNT; i++) {
		snprintf(key, sizeof(key), "user%d", i);
		recent_put(recent, view_string(key), view_string(key), LOOKUP_FOUND);
	}
	for (int i = 0; i < 10 * RECENT_COUNT; i++) {
		snprintf(key, sizeof(key), "user%d", i);
		if (!recent_get(recent, view_string(key), &value, &result))
			continue;
		assert_true(view_is(buf_view(&value), key));
		known++;
	}
	assert_true(known > 0 && known <= RECENT_COUNT);
	buf_fini(&value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers_are_kept_for_a_second, begin, end),
		cmocka_unit_test_setup_teardown(test_that_there_is_none_is_kept_and_a_failure_is_not, begin, end),
		cmocka_unit_test_setup_teardown(test_keys_that_share_a_place, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
