#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/address/address.h"

static const struct {
	const char *name;
	bool hostname, mail;
} names[] = {			/* AD15 */
	{ "example.org",		true,	true },
	{ "localhost",			true,	true },
	{ "1.2.3-4",			true,	true },
	{ "1.2.3.4",			false,	false },
	{ "12345",			false,	false },
	{ "*.example.org",		false,	false },
	{ "example.org.",		false,	false },
	{ ".example.org",		false,	false },
	{ "a..b",			false,	false },
	{ "-a.org",			false,	false },
	{ "a-.org",			false,	false },
	{ "a_b.org",			true,	true },
	{ "a b.org",			false,	false },
	{ "",				false,	false },
	{ "[192.0.2.1]",		false,	true },
	{ "[IPv6:2001:db8::1]",		false,	true },
	{ "[ipv6:2001:db8::1]",		false,	true },
	{ "[192.0.2]",			false,	false },
	{ "[::1]",			false,	false },
	{ "[",				false,	false },
	{ "ex\xc3\xa4mple.org",		false,	true },
	{ "ex\xff.org",			false,	false },
};

static void
test_names(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct buf why = BUF_INIT;

		if (domain_valid_hostname(view_string(names[i].name), &why) != names[i].hostname)
			fail_msg("hostname %s: %s", names[i].name, buf_c(&why));
		assert_int_equal(why.len == 0, names[i].hostname);
		if (domain_valid_mail(view_string(names[i].name)) != names[i].mail)
			fail_msg("mail domain %s", names[i].name);
		buf_fini(&why);
	}
}

static bool
valid_with_label(size_t label, size_t total)
{
	struct buf name = BUF_INIT;
	bool valid;

	buf_putn(&name, 'a', label);
	while (name.len + 2 <= total)
		buf_puts(&name, ".b");
	buf_putn(&name, 'c', total - name.len);
	valid = domain_valid_hostname(buf_view(&name), NULL);
	buf_fini(&name);
	return valid;
}

static void
test_sizes(void **state)
{
	assert_true(valid_with_label(63, 63));
	assert_false(valid_with_label(64, 64));
	assert_true(valid_with_label(63, 255));
	assert_false(valid_with_label(63, 256));
}

static void
test_to_ascii(void **state)
{
	struct buf out = BUF_INIT;

	assert_true(domain_to_ascii(VIEW("b\xc3\xbc" "cher.example"), &out));
	assert_string_equal(buf_c(&out), "xn--bcher-kva.example");
	buf_reset(&out);
	assert_false(domain_to_ascii(VIEW("\xff.example"), &out));
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

/* IDNA2008 tells the sharp s from two of the plain ones; IDNA2003 does not. */
static void
test_transitional(void **state)
{
	struct buf out = BUF_INIT;

	assert_true(domain_to_ascii(VIEW("stra\xc3\x9f" "e.example"), &out));
	assert_string_equal(buf_c(&out), "xn--strae-oqa.example");
	buf_reset(&out);
	domain_set_transitional(true);
	assert_true(domain_to_ascii(VIEW("stra\xc3\x9f" "e.example"), &out));
	domain_set_transitional(false);
	assert_string_equal(buf_c(&out), "strasse.example");
	buf_fini(&out);
}

static void
test_equal(void **state)
{
	assert_true(domain_equal(VIEW("Example.ORG"), VIEW("example.org")));
	assert_true(domain_equal(VIEW("b\xc3\xbc" "cher.example"), VIEW("xn--bcher-kva.Example")));
	assert_false(domain_equal(VIEW("b\xc3\xbc" "cher.example"), VIEW("bucher.example")));
	assert_false(domain_equal(VIEW("\xff.example"), VIEW("\xfe.example")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_to_ascii),
		cmocka_unit_test(test_transitional),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
