#include "support.h"
#include "table/match_list.h"

enum { STRING, DOMAIN, HOST, ADDRESS };

#define PARENT	MATCH_PARENT_DOMAINS

static const struct {
	const char *list;
	unsigned flags;
	int kind;
	const char *subject;
	enum lookup result;
} cases[] = {
	{ "",                                     0,      DOMAIN,  "a.test",        LOOKUP_NONE },
	{ "a.test, b.test",                       0,      STRING,  "B.Test",        LOOKUP_FOUND },
	{ "a.test",                               PARENT, STRING,  "x.a.test",      LOOKUP_NONE },
	{ "a.test",                               PARENT, DOMAIN,  "X.A.test",      LOOKUP_FOUND },	/* TB19 */
	{ "a.test",                               PARENT, DOMAIN,  "xa.test",       LOOKUP_NONE },
	{ "a.test",                               0,      DOMAIN,  "x.a.test",      LOOKUP_NONE },
	{ ".a.test",                              0,      DOMAIN,  "x.a.test",      LOOKUP_FOUND },
	{ ".a.test",                              0,      DOMAIN,  "a.test",        LOOKUP_NONE },
	{ "!no.a.test, a.test",                   PARENT, DOMAIN,  "no.a.test",     LOOKUP_NONE },
	{ "!no.a.test, a.test",                   PARENT, DOMAIN,  "yes.a.test",    LOOKUP_FOUND },
	{ "a.test, !no.a.test",                   PARENT, DOMAIN,  "no.a.test",     LOOKUP_FOUND },
	{ "inline:{a.test=x}",                    PARENT, DOMAIN,  "sub.a.test",    LOOKUP_FOUND },
	{ "inline:{a.test=x}",                    0,      DOMAIN,  "sub.a.test",    LOOKUP_NONE },
	{ "inline:{.a.test=x}",                   0,      DOMAIN,  "s.sub.a.test",  LOOKUP_FOUND },
	{ "static:all",                           0,      DOMAIN,  "any.test",      LOOKUP_FOUND },
	{ "x.test fail:x",                        0,      DOMAIN,  "x.test",        LOOKUP_FOUND },
	{ "x.test fail:x",                        0,      DOMAIN,  "y.test",        LOOKUP_RETRY },	/* TB1 */
	{ "/nonexistent/list",                    0,      DOMAIN,  "y.test",        LOOKUP_RETRY },
	{ "nosuchtype:x",                         0,      DOMAIN,  "y.test",        LOOKUP_RETRY },
	{ "192.0.2.0/24",                         0,      ADDRESS, "192.0.2.77",    LOOKUP_FOUND },
	{ "192.0.2.0/24",                         0,      ADDRESS, "198.51.100.1",  LOOKUP_NONE },
	{ "!192.0.2.5, 192.0.2.0/24",             0,      ADDRESS, "192.0.2.5",     LOOKUP_NONE },
	{ "[2001:db8::]/32",                      0,      ADDRESS, "2001:db8::1",   LOOKUP_FOUND },
	{ "[::1]",                                0,      ADDRESS, "::1",           LOOKUP_FOUND },
	{ "192.0.2.1/24",                         0,      ADDRESS, "192.0.2.1",     LOOKUP_RETRY },
	{ "[192.0.2.1",                           0,      ADDRESS, "192.0.2.1",     LOOKUP_RETRY },
	{ "inline:{192.0.2.5=x}",                 0,      ADDRESS, "192.0.2.5",     LOOKUP_FOUND },
	{ "inline:{192.0.2=x}",                   0,      ADDRESS, "192.0.2.5",     LOOKUP_NONE },
	{ "a.test",                               PARENT, HOST,    "mail.a.test",   LOOKUP_FOUND },
	{ "a/b",                                  0,      STRING,  "A/B",           LOOKUP_FOUND },
	{ "a/b",                                  MATCH_WARN_SYNTAX, STRING, "A/B", LOOKUP_RETRY },
	{ "!",                                    0,      STRING,  "a",             LOOKUP_RETRY },
	{ "a {b",                                 0,      STRING,  "b",             LOOKUP_RETRY },
};

static enum lookup
ask(struct match_list *list, int kind, const char *subject)
{
	struct netaddr addr;

	switch (kind) {
	case STRING:
		return match_list_string(list, view_string(subject));
	case DOMAIN:
		return match_list_domain(list, view_string(subject));
	case HOST:
		return match_list_host(list, view_string(subject), NULL);
	default:
		assert_true(netaddr_parse(view_string(subject), &addr));
		return match_list_host(list, VIEW("unknown"), &addr);
	}
}

static void
test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct match_list *list = match_list_open(&env, "title", cases[i].list, cases[i].flags);

		if (ask(list, cases[i].kind, cases[i].subject) != cases[i].result)
			fail_msg("\"%s\" with \"%s\"", cases[i].list, cases[i].subject);
		match_list_close(list);
	}
}

static void
test_files(void **state)
{
	struct match_list *list;
	struct buf text = BUF_INIT;

	write_source("nets", "# comment\n192.0.2.5\n\n192.0.2.16/28\n");
	buf_printf(&text, "!%s 192.0.2.0/24", in_scratch("", "nets"));
	list = match_list_open(&env, "title", buf_c(&text), 0);
	assert_int_equal(ask(list, ADDRESS, "192.0.2.6"), LOOKUP_FOUND);
	assert_int_equal(ask(list, ADDRESS, "192.0.2.5"), LOOKUP_NONE);
	assert_int_equal(ask(list, ADDRESS, "192.0.2.17"), LOOKUP_NONE);
	match_list_close(list);
	write_source("loop", in_scratch("", "loop"));
	list = match_list_open(&env, "title", in_scratch("", "loop"), 0);
	assert_int_equal(ask(list, STRING, "x"), LOOKUP_RETRY);
	match_list_close(list);
	buf_fini(&text);
}

static void
test_changes_are_seen(void **state)
{
	const char *which = NULL;
	struct match_list *list;

	write_source("hosts", "a 1\n");
	list = match_list_open(&env, "title", in_scratch("texthash:", "hosts"), 0);
	assert_false(match_list_changed(list, &which));
	write_source("hosts", "b 1234\n");
	assert_true(match_list_changed(list, &which));
	assert_non_null(strstr(which, "hosts"));
	match_list_close(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_changes_are_seen),
	};

	return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
