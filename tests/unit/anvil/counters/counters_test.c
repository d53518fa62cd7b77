#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "anvil/counters/counters.h"

enum { UNIT_SEC = 60 };

static struct anvil_counts
tell(struct counters *counters, const char *reporter, int event, const char *client)
{
	struct anvil_report report = { event, VIEW("smtp"), view_string(client) };
	struct anvil_counts counts;

	counters_count(counters, reporter, &report, &counts);
	return counts;
}

static void
test_connections_and_rates(void **state)
{
	struct counters *counters = counters_new(UNIT_SEC);

	assert_int_equal(tell(counters, "one", ANVIL_CONNECT, "192.0.2.1").connections, 1);
	assert_int_equal(tell(counters, "two", ANVIL_CONNECT, "192.0.2.1").connections, 2);
	assert_int_equal(tell(counters, "two", ANVIL_CONNECT, "192.0.2.2").connections, 1);
	assert_int_equal(tell(counters, "one", ANVIL_MESSAGE, "192.0.2.1").rate, 1);
	assert_int_equal(tell(counters, "one", ANVIL_DISCONNECT, "192.0.2.1").connections, 1);
	assert_int_equal(tell(counters, "one", ANVIL_DISCONNECT, "192.0.2.1").connections, 1);	/* only its own */
	assert_int_equal(tell(counters, "one", ANVIL_CONNECT, "192.0.2.1").rate, 3);
	counters_free(counters);
}

/* A server that died is no longer connected. */
static void
test_reporter_gone(void **state)
{
	struct counters *counters = counters_new(UNIT_SEC);

	tell(counters, "one", ANVIL_CONNECT, "192.0.2.1");
	tell(counters, "two", ANVIL_CONNECT, "192.0.2.1");
	counters_gone(counters, "one");
	assert_int_equal(tell(counters, "two", ANVIL_MESSAGE, "192.0.2.1").connections, 1);
	counters_free(counters);
}

static void
test_time_passes(void **state)
{
	struct counters *counters;

	clock_set_fake(1000000, (struct timeval){ 1000000000, 0 });
	counters = counters_new(UNIT_SEC);
	tell(counters, "one", ANVIL_CONNECT, "192.0.2.1");
	tell(counters, "one", ANVIL_RECIPIENT, "192.0.2.2");
	clock_advance(UNIT_SEC * 1000);
	counters_expire(counters);
	assert_int_equal(counters_size(counters), 1);		/* the open connection stays */
	assert_int_equal(tell(counters, "two", ANVIL_CONNECT, "192.0.2.1").rate, 1);
	counters_free(counters);
}

static void
test_statistics(void **state)
{
	struct counters *counters = counters_new(UNIT_SEC);

	tell(counters, "one", ANVIL_MESSAGE, "192.0.2.1");
	tell(counters, "one", ANVIL_MESSAGE, "192.0.2.2");
	tell(counters, "one", ANVIL_MESSAGE, "192.0.2.2");
	assert_int_equal(counters_statistics(counters)->rates[ANVIL_MESSAGE].value, 2);
	assert_string_equal(buf_c(&counters_statistics(counters)->rates[ANVIL_MESSAGE].who), "smtp:192.0.2.2");
	assert_int_equal(counters_statistics(counters)->cache_size, 2);
	counters_reset_statistics(counters);
	assert_int_equal(counters_statistics(counters)->cache_size, 0);
	counters_free(counters);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections_and_rates),
		cmocka_unit_test(test_reporter_gone),
		cmocka_unit_test(test_time_passes),
		cmocka_unit_test(test_statistics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
