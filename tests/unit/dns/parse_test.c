/* DNS answers, good and bad: DN1, DN2, DN3, DN4, DN10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/dns.h"
#include "util/text/buf.h"

#define HEADER(rcode, answers)	"\0\1\x81" rcode "\0\1\0" answers "\0\0\0\0"
#define QUESTION(type)		"\1a\4test\0\0" type "\0\1"
#define RR(type, length)	"\xc0\x0c\0" type "\0\1\0\0\0\x3c\0" length

static const struct {
	const char *name;
	struct view packet;
	enum dns_type type;
	enum dns_result result;
	size_t count;
} packets[] = {
	{ "address", VIEW_INIT(HEADER("\x80", "\1") QUESTION("\1") RR("\1", "\4") "\1\2\3\4"), DNS_A, DNS_FOUND, 1 },
	{ "mx", VIEW_INIT(HEADER("\x80", "\1") QUESTION("\x0f") RR("\x0f", "\7") "\0\x0a\2mx\xc0\x0c"), DNS_MX, DNS_FOUND, 1 },
	{ "null mx", VIEW_INIT(HEADER("\x80", "\1") QUESTION("\x0f") RR("\x0f", "\3") "\0\0\0"), DNS_MX, DNS_FOUND, 1 },
	{ "no such name", VIEW_INIT(HEADER("\x83", "\0") QUESTION("\1")), DNS_A, DNS_NO_NAME, 0 },
	{ "no such data", VIEW_INIT(HEADER("\x80", "\0") QUESTION("\1")), DNS_A, DNS_NO_DATA, 0 },
	{ "server failure", VIEW_INIT(HEADER("\x82", "\0") QUESTION("\1")), DNS_A, DNS_AGAIN, 0 },
	{ "DN2 mx of two bytes", VIEW_INIT(HEADER("\x80", "\1") QUESTION("\x0f") RR("\x0f", "\2") "\0\0"), DNS_MX, DNS_NO_DATA, 0 },
	{ "DN1 tlsa of three bytes", VIEW_INIT(HEADER("\x80", "\1") QUESTION("\x34") RR("\x34", "\3") "\3\1\1"), DNS_TLSA, DNS_NO_DATA, 0 },
	{ "address of five bytes", VIEW_INIT(HEADER("\x80", "\1") QUESTION("\1") RR("\1", "\5") "\1\2\3\4\5"), DNS_A, DNS_NO_DATA, 0 },
	{ "data beyond the end", VIEW_INIT(HEADER("\x80", "\1") QUESTION("\1") RR("\1", "\4") "\1\2"), DNS_A, DNS_NO_DATA, 0 },
	{ "pointer to itself", VIEW_INIT(HEADER("\x80", "\1") "\xc0\x0c\0\1\0\1"), DNS_A, DNS_MALFORMED, 0 },
	{ "DN4 txt of two strings", VIEW_INIT(HEADER("\x80", "\1") QUESTION("\x10") RR("\x10", "\4") "\1a\1b"), DNS_TXT, DNS_FOUND, 1 },
	{ "DN5 owner with a star", VIEW_INIT("\0\1\x81\x80\0\1\0\1\0\0\0\0" "\1*\4test\0\0\1\0\1" RR("\1", "\4") "\1\2\3\4"),
	    DNS_A, DNS_FOUND, 1 },
	{ "DN5 alias with a star", VIEW_INIT(HEADER("\x80", "\2") QUESTION("\1") RR("\5", "\4") "\1*\xc0\x0e"
	    "\1*\xc0\x0e\0\1\0\1\0\0\0\x3c\0\4\1\2\3\4"), DNS_A, DNS_FOUND, 1 },
	{ "half a header", VIEW_INIT("\0\1\x81"), DNS_A, DNS_MALFORMED, 0 },
	{ "nothing", VIEW_INIT(""), DNS_A, DNS_MALFORMED, 0 },
};

static void
test_packets(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(packets); i++) {
		struct arena arena = ARENA_INIT;
		struct dns_answer answer;

		print_message("%s\n", packets[i].name);
		assert_int_equal(dns_parse(packets[i].packet, packets[i].type, &arena, &answer, NULL), packets[i].result);
		assert_int_equal(answer.count, packets[i].count);
		arena_fini(&arena);
	}
}

static void
test_values(void **state)
{
	struct arena arena = ARENA_INIT;
	struct dns_answer answer;

	assert_int_equal(dns_parse(packets[1].packet, DNS_MX, &arena, &answer, NULL), DNS_FOUND);
	assert_true(view_is(answer.records[0].name, "mx.a.test"));
	assert_int_equal(answer.records[0].preference, 10);
	assert_int_equal(dns_parse(packets[11].packet, DNS_TXT, &arena, &answer, NULL), DNS_FOUND);
	assert_true(view_is(answer.records[0].data, "ab"));
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_packets), cmocka_unit_test(test_values) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
