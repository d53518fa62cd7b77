#include "global/rewrite/rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/base/mem.h"

static const struct rewrite_rules defaults = {
	.myorigin = "ex.org", .mydomain = "dom.test", .remote_domain = "", .append_at_myorigin = true,
	.swap_bangpath = true, .allow_percent_hack = true,
};
static const struct rewrite_rules completing = {
	.myorigin = "ex.org", .mydomain = "dom.test", .remote_domain = "domain.invalid", .append_at_myorigin = true,
	.append_dot_mydomain = true,
};

static const struct {
	const char *name;
	const struct rewrite_rules *rules;
	enum rewrite_context context;
	const char *in, *out;
} cases[] = {
	{ "bare user", &defaults, REWRITE_LOCAL, "user", "user@ex.org" },
	{ "complete", &defaults, REWRITE_LOCAL, "user@a.test", "user@a.test" },
	{ "short host stays", &defaults, REWRITE_LOCAL, "user@host", "user@host" },
	{ "short host", &completing, REWRITE_LOCAL, "user@host", "user@host.dom.test" },
	{ "literal", &completing, REWRITE_LOCAL, "user@[1]", "user@[1]" },
	{ "bang", &defaults, REWRITE_LOCAL, "host!user", "user@host" },
	{ "bangs", &defaults, REWRITE_LOCAL, "a!b!user", "b!user@a" },
	{ "bang off", &completing, REWRITE_LOCAL, "host!user", "host!user@ex.org" },
	{ "percent", &defaults, REWRITE_LOCAL, "user%host", "user@host" },
	{ "percents", &defaults, REWRITE_LOCAL, "user%a%b", "user%a@b" },
	{ "percent off", &completing, REWRITE_LOCAL, "user%host", "user%host@ex.org" },
	{ "percent behind a domain", &defaults, REWRITE_LOCAL, "user%host@a.test", "user%host@a.test" },
	{ "route", &defaults, REWRITE_LOCAL, "@a,@b:user@c.test", "user@c.test" },
	{ "trailing dot", &defaults, REWRITE_LOCAL, "user@c.test.", "user@c.test" },
	{ "trailing dot of a local part", &defaults, REWRITE_LOCAL, "user.", "user.@ex.org" },
	{ "null domain", &defaults, REWRITE_LOCAL, "user@", "user@" },
	{ "remote, nothing to append", &defaults, REWRITE_REMOTE, "user", "user" },
	{ "remote", &completing, REWRITE_REMOTE, "user", "user@domain.invalid" },
	{ "remote host", &completing, REWRITE_REMOTE, "user@host", "user@host.domain.invalid" },
	/* AD6: each byte string has an answer */
	{ "AD6 empty", &defaults, REWRITE_LOCAL, "", "" },
	{ "AD6 at", &defaults, REWRITE_LOCAL, "@", "@" },
	{ "AD6 dot", &defaults, REWRITE_LOCAL, ".", ".@ex.org" },
	{ "AD6 dot bang", &defaults, REWRITE_LOCAL, ".!", ".!@ex.org" },
	{ "AD6 bang", &defaults, REWRITE_LOCAL, "!", "!@ex.org" },
	{ "AD6 percent", &defaults, REWRITE_LOCAL, "%", "%@ex.org" },
	{ "AD6 domain only", &defaults, REWRITE_LOCAL, "@dom.test", "@dom.test" },
	{ "AD6 route only", &defaults, REWRITE_LOCAL, "@a:", "@a:" },
};

static void
test_rewrite(void **state)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		rewrite_address(cases[i].rules, cases[i].context, view_string(cases[i].in), &out);
		if (!view_is(buf_view(&out), cases[i].out))
			fail_msg("%s: '%s' became '%s'", cases[i].name, cases[i].in, buf_c(&out));
	}
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rewrite) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
