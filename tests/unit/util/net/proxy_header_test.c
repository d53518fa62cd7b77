#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/net/proxy_header.h"

#define SIGNATURE	"\r\n\r\n\0\r\nQUIT\n"
#define TCP4		"\xc0\0\2\1\xc6\x33\x64\7\x10\xe1\0\x19"

static const struct {
	const char *name;
	struct view in;
	enum proxy_result result;
	const char *client, *server;	/* NULL: not proxied */
	unsigned port, left;
} cases[] = {
	{ "v1", VIEW_INIT("PROXY TCP4 192.0.2.1 198.51.100.7 4321 25\r\nEHLO x\r\n"), PROXY_HEADER_GOOD, "192.0.2.1", "198.51.100.7", 4321, 8 },
	{ "v1, IPv6", VIEW_INIT("PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n"), PROXY_HEADER_GOOD, "2001:db8::1", "2001:db8::2", 1, 0 },
	{ "v1, mapped", VIEW_INIT("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 25\r\n"), PROXY_HEADER_GOOD, "192.0.2.1", "192.0.2.2", 1, 0 },
	{ "v1, unknown", VIEW_INIT("PROXY UNKNOWN whatever\r\n"), PROXY_HEADER_GOOD, NULL, NULL, 0, 0 },
	{ "v1, half", VIEW_INIT("PROXY TCP4 192.0.2.1"), PROXY_HEADER_MORE, NULL, NULL, 0, 20 },
	{ "v1, first bytes", VIEW_INIT("PRO"), PROXY_HEADER_MORE, NULL, NULL, 0, 3 },
	{ "v1, no CR", VIEW_INIT("PROXY UNKNOWN\n"), PROXY_HEADER_GOOD, NULL, NULL, 0, 0 },
	{ "v1, port", VIEW_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 99999999 25\r\n"), PROXY_HEADER_BAD, NULL, NULL, 0, 44 },
	{ "v1, address", VIEW_INIT("PROXY TCP4 1.2.3 192.0.2.2 1 25\r\n"), PROXY_HEADER_BAD, NULL, NULL, 0, 33 },
	{ "v1, more words", VIEW_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 1 25 9\r\n"), PROXY_HEADER_GOOD, "192.0.2.1", "192.0.2.2", 1, 0 },
	{ "v1, zeros", VIEW_INIT("PROXY TCP4 192.0.2.1 192.0.2.2 01 25\r\n"), PROXY_HEADER_BAD, NULL, NULL, 0, 38 },
	{ "v1, other family", VIEW_INIT("PROXY TCP4 2001:db8::1 192.0.2.2 1 25\r\n"), PROXY_HEADER_BAD, NULL, NULL, 0, 39 },
	{ "v2", VIEW_INIT(SIGNATURE "\x21\x11\0\x0c" TCP4 "QUIT"), PROXY_HEADER_GOOD, "192.0.2.1", "198.51.100.7", 4321, 4 },
	{ "v2, more fields", VIEW_INIT(SIGNATURE "\x21\x11\0\x0f" TCP4 "abc"), PROXY_HEADER_GOOD, "192.0.2.1", "198.51.100.7", 4321, 0 },
	{ "v2, local", VIEW_INIT(SIGNATURE "\x20\0\0\0"), PROXY_HEADER_GOOD, NULL, NULL, 0, 0 },
	{ "v2, half", VIEW_INIT(SIGNATURE "\x21\x11\0\x0c\xc0\0"), PROXY_HEADER_MORE, NULL, NULL, 0, 18 },
	{ "v2, too short for its family", VIEW_INIT(SIGNATURE "\x21\x21\0\x0c" TCP4), PROXY_HEADER_BAD, NULL, NULL, 0, 28 },
	{ "v2, UDP", VIEW_INIT(SIGNATURE "\x21\x12\0\x0c" TCP4), PROXY_HEADER_BAD, NULL, NULL, 0, 28 },
	{ "v2, too long", VIEW_INIT(SIGNATURE "\x21\x11\xff\xff"), PROXY_HEADER_BAD, NULL, NULL, 0, 16 },
	{ "v2, other version", VIEW_INIT(SIGNATURE "\x31\x11\0\x0c" TCP4), PROXY_HEADER_BAD, NULL, NULL, 0, 28 },
	{ "a command", VIEW_INIT("EHLO x\r\n"), PROXY_HEADER_BAD, NULL, NULL, 0, 8 },
};

static void
assert_address(const struct netaddr *addr, const char *text)
{
	struct buf printed = BUF_INIT;

	netaddr_put(&printed, addr);
	assert_string_equal(buf_c(&printed), text);
	buf_fini(&printed);
}

static void
test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct cursor in = cursor_of(cases[i].in);
		struct proxy_header header;

		if (proxy_header_parse(&in, &header, NULL) != cases[i].result || cursor_left(&in) != cases[i].left)
			fail_msg("%s", cases[i].name);
		if (cases[i].client == NULL)
			continue;
		assert_true(header.proxied);
		assert_address(&header.client, cases[i].client);
		assert_address(&header.server, cases[i].server);
		assert_int_equal(header.client.port, cases[i].port);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
