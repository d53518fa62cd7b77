#include "dns/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/filter.h"

static void
test_lifetimes(void **state)
{
	static const struct {
		enum dns_result result;
		uint32_t ttl;
		msec_t lives_sec;	/* 0: not kept */
	} cases[] = {
		{ DNS_FOUND, 1, 1 }, { DNS_FOUND, 60, 60 }, { DNS_FOUND, 86400, 300 }, { DNS_FOUND, 0, 0 },
		{ DNS_NO_NAME, 0, 30 }, { DNS_NO_DATA, 0, 30 }, { DNS_AGAIN, 60, 0 }, { DNS_MALFORMED, 60, 0 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct buf name = BUF_INIT;

		buf_printf(&name, "name%zu.test", i);
		dns_cache_put(buf_c(&name), DNS_MX, cases[i].result, VIEW("packet"), cases[i].ttl);
		clock_advance(cases[i].lives_sec > 0 ? cases[i].lives_sec * 1000 - 1 : 0);
		assert_int_equal(dns_cache_get(buf_c(&name), DNS_MX) != NULL, cases[i].lives_sec > 0);
		clock_advance(1);
		assert_null(dns_cache_get(buf_c(&name), DNS_MX));
		buf_fini(&name);
	}
}

static void
test_keys(void **state)
{
	dns_cache_put("A.test", DNS_A, DNS_FOUND, VIEW("x"), 60);
	assert_non_null(dns_cache_get("a.TEST", DNS_A));
	assert_null(dns_cache_get("a.test", DNS_AAAA));
	for (int i = 0; i < DNS_CACHE_ENTRIES_MAX; i++) {
		struct buf name = BUF_INIT;

		buf_printf(&name, "%d.test", i);
		dns_cache_put(buf_c(&name), DNS_A, DNS_FOUND, VIEW("x"), 60);
		buf_fini(&name);
	}
	assert_null(dns_cache_get("a.test", DNS_A));	/* bounded */
}

static enum dns_filter_verdict
no_ten(void *arg, struct view record)
{
	buf_putv(arg, record);
	return view_find_view(record, VIEW(" MX 10 ")) >= 0 ? DNS_FILTER_DROP : DNS_FILTER_KEEP;
}

static void
test_filter(void **state)
{
	struct dns_record records[] = {
		{ .type = DNS_MX, .owner = VIEW("a.test"), .name = VIEW("mx.a.test"), .preference = 10, .ttl = 5 },
		{ .type = DNS_MX, .owner = VIEW("a.test"), .name = VIEW("my.a.test"), .preference = 20, .ttl = 5 },
	};
	struct dns_answer answer = { .records = records, .count = 2 };
	struct buf seen = BUF_INIT;

	dns_set_filter(no_ten, &seen);
	assert_int_equal(dns_filter_answer(&answer, NULL), DNS_FOUND);
	assert_int_equal(answer.count, 1);
	assert_int_equal(records[0].preference, 20);
	assert_string_equal(buf_c(&seen), "a.test. 5 IN MX 10 mx.a.test.a.test. 5 IN MX 20 my.a.test.");
	records[0].preference = 10;
	assert_int_equal(dns_filter_answer(&answer, NULL), DNS_FILTERED);
	dns_set_filter(NULL, NULL);
	buf_fini(&seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lifetimes), cmocka_unit_test(test_keys), cmocka_unit_test(test_filter) };

	clock_set_fake(1000, (struct timeval){ 0 });
	return cmocka_run_group_tests(tests, NULL, NULL);
}
