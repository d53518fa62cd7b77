#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tlsmgr/tickets/tickets.h"

enum { LIFETIME = 1000 };

static struct view
name_of(const struct tlsmgr_ticket_key *key)
{
	return view_bytes(key->name, sizeof(key->name));
}

static void
wait_sec(int seconds)
{
	clock_advance((msec_t)seconds * 1000);
}

static int
start(void **state)
{
	clock_set_fake(1000, (struct timeval){ .tv_sec = 1000000 });
	return 0;
}

static void
test_a_key_signs_for_half_the_time(void **state)
{
	struct tickets tickets = { 0 };
	struct tlsmgr_ticket_key first = *tickets_key(&tickets, LIFETIME, VIEW_EMPTY);

	assert_int_equal(first.signs_until, 1000500);
	assert_int_equal(first.opens_until, 1001000);
	wait_sec(499);
	assert_memory_equal(tickets_key(&tickets, LIFETIME, VIEW_EMPTY), &first, sizeof(first));
	wait_sec(1);
	assert_memory_not_equal(tickets_key(&tickets, LIFETIME, VIEW_EMPTY)->cipher, first.cipher, TLSMGR_KEY);
	assert_memory_equal(tickets_key(&tickets, LIFETIME, name_of(&first)), &first, sizeof(first));
	wait_sec(499);
	assert_non_null(tickets_key(&tickets, LIFETIME, name_of(&first)));
	wait_sec(1);
	assert_null(tickets_key(&tickets, LIFETIME, name_of(&first)));
}

static void
test_lifetimes(void **state)
{
	struct tickets tickets = { 0 };

	assert_null(tickets_key(&tickets, 0, VIEW_EMPTY));
	assert_null(tickets_key(&tickets, -1, VIEW_EMPTY));
	assert_int_equal(tickets_key(&tickets, 1, VIEW_EMPTY)->opens_until, 1000120);
	assert_int_equal(tickets_key(&tickets, 119, VIEW_EMPTY)->opens_until, 1000120);
	assert_int_equal(tickets_key(&tickets, 121, VIEW_EMPTY)->opens_until, 1000121);
}

static void
test_names_that_were_never_given(void **state)
{
	struct tickets tickets = { 0 };

	assert_null(tickets_key(&tickets, LIFETIME, VIEW("short")));
	assert_null(tickets_key(&tickets, LIFETIME, VIEW("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")));	/* there is no previous one */
}

/* The clock was set back by a day: the key must not live for a day more. */
static void
test_clock_set_back(void **state)
{
	struct tickets tickets = { 0 };
	struct tlsmgr_ticket_key first = *tickets_key(&tickets, LIFETIME, VIEW_EMPTY);

	clock_set_fake(2000, (struct timeval){ .tv_sec = 1000000 - 86400 });
	assert_memory_not_equal(tickets_key(&tickets, LIFETIME, VIEW_EMPTY), &first, sizeof(first));
	assert_null(tickets_key(&tickets, LIFETIME, name_of(&first)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_key_signs_for_half_the_time, start),
		cmocka_unit_test_setup(test_lifetimes, start),
		cmocka_unit_test_setup(test_names_that_were_never_given, start),
		cmocka_unit_test_setup(test_clock_set_back, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
