#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "util/log/log.h"
#include "util/text/buf.h"

static struct buf last;
static int lines;

static void
keep(enum log_level level, struct view text, void *arg)
{
	buf_set(&last, text);
	lines++;
	errno = EBADF;
	if (lines < 100)
		log_warn("a sink that has something to say");	/* LG3 */
}

static const struct {
	const char *name, *text, *shown;
} bytes[] = {
	{ "plain",		"one line",		"one line" },
	{ "line end",		"a\r\nb",		"a??b" },
	{ "escape",		"\x1b[31mred",		"?[31mred" },
	{ "delete",		"a\x7f" "b",		"a?b" },
	{ "UTF-8",		"gr\xc3\xbc\xc3\x9f",	"gr\xc3\xbc\xc3\x9f" },
	{ "bad UTF-8",		"a\xc3(",		"a?(" },
	{ "lone continuation",	"a\x9f" "b",		"a?b" },
};

/* LG1 */
static void
test_bytes_are_made_safe(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(bytes); i++) {
		lines = 1000;
		log_info("%s", bytes[i].text);
		if (strcmp(buf_c(&last), bytes[i].shown) != 0)
			fail_msg("%s: %s", bytes[i].name, buf_c(&last));
	}
}

/* LG2 */
static void
test_errno_is_kept(void **state)
{
	lines = 1000;
	errno = ENOSPC;
	log_warn("no room: %m");
	assert_int_equal(errno, ENOSPC);
	assert_string_equal(buf_c(&last), "no room: No space left on device");
}

/* LG3 */
static void
test_logging_while_logging_ends(void **state)
{
	lines = 0;
	log_info("a line");
	assert_true(lines >= 1 && lines < 10);
}

static int
start(void **state)
{
	log_to_syslog(false);
	log_add_sink(keep, NULL);
	return 0;
}

static int
finish(void **state)
{
	buf_fini(&last);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_are_made_safe),
		cmocka_unit_test(test_errno_is_kept),
		cmocka_unit_test(test_logging_while_logging_ends),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
