/* Children: fed and listened to at once (LV11, LV3), killed with their group at the deadline, reaped always. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sys/resource.h>

#include "util/file/file.h"
#include "util/process/process.h"

enum { OUTPUT_MAX = 4096 };

static char *const environment[] = { (char *)"PATH=/usr/bin:/bin", NULL };

struct run {
	struct process_outcome outcome;
	struct buf output, why;
	bool opened, fed;
};

/* Runs a shell command, feeds it so many bytes. */
static void
run(struct run *r, const char *command, size_t bytes, msec_t limit_ms)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)command, NULL };
	struct process_spec spec = { .argv = argv, .environment = environment };
	struct process_child child;
	struct buf data = BUF_INIT;

	*r = (struct run){ .opened = false };
	buf_putn(&data, 'x', bytes);
	r->opened = process_open(&child, &spec, clock_deadline(limit_ms), OUTPUT_MAX, &r->output, &r->why);
	assert_true(r->opened);
	r->fed = process_feed(&child, buf_view(&data));
	r->outcome = process_close(&child);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* nobody is left to be reaped */
	assert_int_equal(errno, ECHILD);
	buf_fini(&data);
}

static void
run_fini(struct run *r)
{
	buf_fini(&r->output);
	buf_fini(&r->why);
}

static const struct {
	const char *name, *command;
	size_t bytes;
	enum process_result result;
	int status;
	const char *output;	/* NULL: any */
} cases[] = {
	{ "exit status",         "exit 67",                       0,       PROCESS_EXITED, 67, "" },
	{ "killed by a signal",  "kill -9 $$",                    0,       PROCESS_KILLED, 9,  "" },
	{ "input arrives",       "wc -c",                         1000000, PROCESS_EXITED, 0,  "1000000\n" },
	{ "input not read",      "exec <&-; echo hi; exit 3",     1000000, PROCESS_EXITED, 3,  "hi\n" },
	{ "both streams",        "echo a; echo b >&2",            0,       PROCESS_EXITED, 0,  "a\nb\n" },
	{ "echo of much",        "cat",                           1000000, PROCESS_EXITED, 0,  NULL },
	{ "somebody stays",      "sleep 60 & echo $! ; exit 5",   10,      PROCESS_EXITED, 5,  NULL },
	{ "three descriptors",   "ls /proc/self/fd | wc -l",      0,       PROCESS_EXITED, 0,  "4\n" },
	{ "own process group",   "test $(ps -o pgid= -p $$) = $$", 0,      PROCESS_EXITED, 0,  "" },
};

static void
test_outcomes(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		int open_here = open("/dev/null", O_RDONLY);	/* LV3: must not be seen by the child */
		struct run r;

		run(&r, cases[i].command, cases[i].bytes, 20000);
		close(open_here);
		assert_true(r.fed);
		if (r.outcome.result != cases[i].result || r.outcome.status != cases[i].status ||
		    (cases[i].output != NULL && !view_is(buf_view(&r.output), cases[i].output)))
			fail_msg("%s: %d/%d \"%s\"", cases[i].name, (int)r.outcome.result, r.outcome.status, buf_c(&r.output));
		assert_true(r.output.len <= OUTPUT_MAX);
		run_fini(&r);
	}
}

/* LV11: at the deadline the whole group goes, whoever was started by whom */
static void
test_group_is_killed(void **state)
{
	struct run r;
	unsigned long long grandchild;

	run(&r, "sleep 60 & echo $!; wait", 0, 300);
	assert_int_equal(r.outcome.result, PROCESS_TIMEOUT);
	assert_true(view_number(view_trim(buf_view(&r.output)), &grandchild));
	for (int i = 0; i < 500 && kill((pid_t)grandchild, 0) == 0; i++)
		usleep(10000);	/* init reaps it */
	assert_int_equal(kill((pid_t)grandchild, 0), -1);
	run_fini(&r);
}

static void
test_floods_end_at_the_deadline(void **state)
{
	struct run r;

	run(&r, "exec yes", 0, 300);
	assert_int_equal(r.outcome.result, PROCESS_TIMEOUT);
	assert_int_equal(r.output.len, OUTPUT_MAX);
	run_fini(&r);
}

static void
test_slow_readers_end_at_the_deadline(void **state)
{
	struct run r;

	run(&r, "exec sleep 60", 1000000, 300);
	assert_false(r.fed);
	assert_int_equal(r.outcome.result, PROCESS_TIMEOUT);
	run_fini(&r);
}

static void
test_missing_program_is_reported(void **state)
{
	char *argv[] = { (char *)"/nonexistent/program", NULL };
	struct process_spec spec = { .argv = argv, .environment = environment };
	struct process_child child;
	struct process_outcome outcome;
	struct buf output = BUF_INIT, why = BUF_INIT;

	assert_true(process_open(&child, &spec, clock_deadline(10000), OUTPUT_MAX, &output, &why));
	outcome = process_close(&child);
	assert_int_equal(outcome.status, 71);
	assert_string_equal(buf_c(&output), "fatal: execute /nonexistent/program: No such file or directory\n");
	buf_fini(&output);
	buf_fini(&why);
}

static void
test_wait(void **state)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)"sleep 60", NULL };
	struct process_spec spec = { .argv = argv, .environment = environment, .input = -1, .output = -1, .error = -1 };
	struct buf why = BUF_INIT;
	pid_t pid = process_start(&spec, &why);

	assert_int_equal(process_wait(pid, clock_deadline(100)).result, PROCESS_TIMEOUT);
	assert_int_equal(kill(pid, 0), -1);
	buf_fini(&why);
}

static struct process_spec
exit_with(char *code, char *argv[4])
{
	argv[0] = (char *)"/bin/sh";
	argv[1] = (char *)"-c";
	argv[2] = code;
	argv[3] = NULL;
	return (struct process_spec){ .argv = argv, .environment = environment, .input = -1, .output = -1, .error = -1 };
}

/* Without a descriptor to watch it with: a child is waited for all the same, and not killed before its time. */
static void
test_wait_without_descriptors(void **state)
{
	char *argv[4];
	struct process_spec good = exit_with((char *)"sleep 0.1; exit 7", argv);
	pid_t pid = process_start(&good, NULL);
	struct process_outcome outcome;
	struct rlimit before, none;

	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ 0, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	outcome = process_wait(pid, clock_deadline(10000));
	assert_int_equal(outcome.result, PROCESS_EXITED);
	assert_int_equal(outcome.status, 7);
	setrlimit(RLIMIT_NOFILE, &before);
}

/* Whose end nobody was told of has not succeeded. */
static void
test_wait_for_nobody(void **state)
{
	struct process_outcome outcome = process_wait(getpid(), CLOCK_NEVER);

	assert_int_equal(outcome.result, PROCESS_EXITED);
	assert_int_equal(outcome.status, 71);
}

/* A pipe may refuse for want of memory: what was not written is not what the child did not want. */
static void
test_failing_write_is_told(void **state)
{
	int fd = open("/dev/null", O_RDONLY);
	struct process_child child = { .pid = -1, .input = fd, .output = -1, .end = -1, .deadline = CLOCK_NEVER };

	assert_false(process_feed(&child, VIEW("x")));
	assert_int_equal(errno, EBADF);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_group_is_killed),
		cmocka_unit_test(test_floods_end_at_the_deadline),
		cmocka_unit_test(test_slow_readers_end_at_the_deadline),
		cmocka_unit_test(test_missing_program_is_reported),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_wait_without_descriptors),
		cmocka_unit_test(test_wait_for_nobody),
		cmocka_unit_test(test_failing_write_is_told),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
