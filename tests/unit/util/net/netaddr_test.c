/* netaddr: blocks of addresses, and who is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "util/net/netaddr.h"

static const struct {
	const char *name, *block, *inside, *outside;	/* both NULL: refused */
} blocks[] = {
	{ "IPv4",			"192.0.2.0/24",			"192.0.2.7",	"192.0.3.7" },
	{ "everything",			"0.0.0.0/0",			"192.0.2.7",	"::1" },
	{ "one address",		"192.0.2.7",			"192.0.2.7",	"192.0.2.8" },
	{ "one address in brackets",	"[192.0.2.7]",			"192.0.2.7",	"192.0.2.8" },
	{ "IPv6",			"[2001:db8::]/32",		"2001:db8::7",	"2001:db9::7" },
	{ "one mapped address",		"[::ffff:192.0.2.7]",		"192.0.2.7",	"192.0.2.8" },
	{ "mapped, Debian's default",	"[::ffff:127.0.0.0]/104",	NULL,		"127.0.0.1" },
	{ "mapped, all of IPv4",	"[::ffff:0.0.0.0]/96",		NULL,		"192.0.2.7" },
	{ "host bits",			"192.0.2.7/24",			NULL,		NULL },
	{ "mapped, host bits",		"[::ffff:127.0.0.1]/104",	NULL,		NULL },
	{ "too long",			"192.0.2.0/33",			NULL,		NULL },
	{ "mapped, too long",		"[::ffff:127.0.0.0]/129",	NULL,		NULL },
	{ "no number",			"192.0.2.0/x",			NULL,		NULL },
	{ "text behind",		"[2001:db8::]x",		NULL,		NULL },
};

static bool
contains(const struct netblock *block, const char *text)
{
	struct netaddr addr;

	assert_true(netaddr_parse(view_string(text), &addr));
	return netblock_contains(block, &addr);
}

static void
test_blocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		bool good = blocks[i].inside != NULL || blocks[i].outside != NULL;
		struct buf why = BUF_INIT;
		struct netblock block;

		if (netblock_parse(view_string(blocks[i].block), &block, &why) != good)
			fail_msg("%s: %s", blocks[i].name, buf_c(&why));
		if (blocks[i].inside != NULL && !contains(&block, blocks[i].inside))
			fail_msg("%s: %s is not inside", blocks[i].name, blocks[i].inside);
		if (blocks[i].outside != NULL && contains(&block, blocks[i].outside))
			fail_msg("%s: %s is inside", blocks[i].name, blocks[i].outside);
		buf_fini(&why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_blocks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
