#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* -- last words ---------------------------------------------------------------------------------------------------- */

static char *named;

static void
release(int level)
{
	free(named);
	named = NULL;
}

/* LG13: a line is complete before the hook for the end of the process releases what the line tells of. */
static void
test_line_comes_before_release(void **state)
{
	int ends[2], status;
	char text[100] = "";
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		dup2(ends[1], STDERR_FILENO);
		log_to_stderr(true);
		lines = 1000;
		named = strdup("incoming/3C0FFEE");
		log_set_fatal_hook(release);
		log_fatal("%s: no room", named);
	}
	close(ends[1]);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	waitpid(pid, &status, 0);
	assert_non_null(strstr(text, "fatal: incoming/3C0FFEE: no room\n"));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
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
		cmocka_unit_test(test_line_comes_before_release),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
