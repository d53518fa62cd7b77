/* The sandbox: a child process makes its promises, then does something; how it ends is what counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "util/base/clock.h"
#include "util/log/log.h"
#include "util/process/sandbox.h"

enum { DONE = 0, CANNOT_ENTER = 99 };		/* exit status; an error number: what the call answered */

/* -- what the children do: 0 or errno --------------------------------------------------------------------------------- */

static int
outcome(long result)
{
	return result == -1 ? errno : DONE;
}

static int
do_log(void)
{
	struct buf text = BUF_INIT;

	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%d", i);
	log_info("%zu bytes", text.len);
	return outcome(clock_wall().tv_sec);
}

static int	do_ptrace(void)		{ return outcome(ptrace(PTRACE_TRACEME, 0, 0, 0)); }
static int	do_exec(void)		{ return outcome(execl("/bin/true", "true", (char *)NULL)); }
static int	do_mount(void)		{ return outcome(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL)); }
static int	do_bpf(void)		{ return outcome(syscall(SYS_bpf, 0, NULL, 0)); }
static int	do_keyring(void)	{ return outcome(syscall(SYS_keyctl, 0, 0)); }
static int	do_module(void)		{ return outcome(syscall(SYS_delete_module, "x", 0)); }
static int	do_unshare(void)	{ return outcome(unshare(CLONE_NEWUSER)); }
static int	do_namespace(void)	{ return outcome(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0)); }
static int	do_fork(void)		{ return outcome(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0)); }
static int	do_clone3(void)		{ return outcome(syscall(SYS_clone3, NULL, 0)); }
static int	do_open(void)		{ return outcome(open("inside/file", O_RDONLY)); }
static int	do_open_outside(void)	{ return outcome(open("outside/file", O_RDONLY)); }
static int	do_write(void)		{ return outcome(open("inside/file", O_WRONLY)); }
static int	do_create(void)		{ return outcome(open("inside/new", O_WRONLY | O_CREAT, 0600)); }
static int	do_rename(void)		{ return outcome(rename("inside/file", "inside/other/file")); }
static int	do_rename_out(void)	{ return outcome(rename("inside/file", "outside/file2")); }
static int	do_link(void)		{ return outcome(link("inside/file", "inside/other/file")); }
static int	do_symlink(void)	{ return outcome(symlink("x", "inside/link")); }
static int	do_unlink(void)		{ return outcome(unlink("inside/file")); }
static int	do_stat(void)		{ struct stat st; return outcome(stat("outside/file", &st)); }
static int	do_inet(void)		{ return outcome(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
static int	do_packet(void)		{ return outcome(socket(AF_PACKET, SOCK_RAW, 0)); }
static int	do_unix(void)		{ return outcome(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
static int	do_datagram(void)	{ return outcome(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)); }
static int	do_setuid(void)		{ return outcome(syscall(SYS_setresuid, getuid(), getuid(), getuid())); }
static int	do_signal_self(void)	{ return outcome(kill(getpid(), 0)); }
static int	do_signal_other(void)	{ return outcome(kill(getppid(), 0)); }
static int	do_passwd(void)		{ errno = 0; return getpwnam("root") != NULL ? DONE : errno != 0 ? errno : ENOENT; }
static int	do_unknown(void)	{ return outcome(syscall(9999)); }
static int	do_limit(void)		{ struct rlimit limit; return outcome(getrlimit(RLIMIT_NOFILE, &limit)); }

static int
do_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : DONE;
}

/* What an allocator does when blocks grow large and are given back. */
static int
do_memory(void)
{
	void *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED || (block = mremap(block, 1 << 20, 1 << 21, MREMAP_MAYMOVE)) == MAP_FAILED ||
	    madvise(block, 1 << 20, MADV_DONTNEED) == -1)
		return errno;
	return outcome(munmap(block, 1 << 21));
}

/* -- in a child -------------------------------------------------------------------------------------------------------- */

struct attempt {
	const char *promises;
	enum sandbox_mode mode;
	int (*act)(void);
};

static void
act_confined(const struct attempt *attempt)
{
	const struct path_grant grants[] = {
		{ "inside", sandbox_is_promised(attempt->promises, "queue-create") ?
		    PATH_READ | PATH_WRITE | PATH_REMOVE | PATH_CREATE : PATH_READ },
		{ "/etc", PATH_READ }, { "/usr", PATH_READ }, { "/lib", PATH_READ }, { "no such path", PATH_READ },
	};
	const struct sandbox sandbox = { attempt->mode, attempt->promises, grants, ARRAY_COUNT(grants) };
	struct rlimit no_core = { 0, 0 };
	struct buf why = BUF_INIT;

	setrlimit(RLIMIT_CORE, &no_core);
	if (!sandbox_enter(&sandbox, &why)) {
		print_error("%s\n", buf_c(&why));
		_exit(CANNOT_ENTER);
	}
	_exit(attempt->act());
}

static int
end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Exit status, or the negative number of the signal. */
static int
attempt(const char *promises, enum sandbox_mode mode, int (*act)(void))
{
	const struct attempt what = { promises, mode, act };
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		act_confined(&what);
	return end_of(pid);
}

static int
fresh_files(void **state)
{
	if (scratch_enter(state) == -1 || mkdir("inside", 0700) == -1 || mkdir("inside/other", 0700) == -1 ||
	    mkdir("outside", 0700) == -1)
		return -1;
	return close(open("inside/file", O_WRONLY | O_CREAT, 0600)) + close(open("outside/file", O_WRONLY | O_CREAT, 0600));
}

static bool
has_landlock(void)
{
	return landlock_version() >= 2;
}

/* -- promises ---------------------------------------------------------------------------------------------------------- */

#define KILLED	(-SIGSYS)

static const struct {
	const char *name, *promises;
	int (*act)(void);
	int on, strict;			/* how it ends */
} calls[] = {
	{ "log, memory, time",		"stdio",	do_log,		DONE, DONE },
	{ "growing memory",		"",		do_memory,	DONE, DONE },
	{ "limits",			"stdio",	do_limit,	DONE, DONE },
	{ "names are seen",		"stdio",	do_stat,	DONE, DONE },
	{ "datagrams for the log",	"stdio",	do_datagram,	DONE, DONE },
	{ "signal to itself",		"stdio",	do_signal_self,	DONE, DONE },
	{ "signal to others",		"stdio",	do_signal_other, EPERM, KILLED },
	{ "trace",			"stdio",	do_ptrace,	KILLED, KILLED },
	{ "exec",			"stdio",	do_exec,	KILLED, KILLED },
	{ "exec, all promised",		"file-write setid dns net-connect", do_exec, KILLED, KILLED },
	{ "mount",			"stdio",	do_mount,	KILLED, KILLED },
	{ "bpf",			"stdio",	do_bpf,		KILLED, KILLED },
	{ "keyring",			"stdio",	do_keyring,	KILLED, KILLED },
	{ "module",			"stdio",	do_module,	KILLED, KILLED },
	{ "namespace",			"stdio",	do_unshare,	KILLED, KILLED },
	{ "namespace for a child",	"stdio",	do_namespace,	KILLED, KILLED },
	{ "fork",			"stdio",	do_fork,	ENOSYS, KILLED },
	{ "clone3, so that libc asks for clone", "stdio", do_clone3,	ENOSYS, KILLED },
	{ "a call of the future",	"stdio",	do_unknown,	ENOSYS, KILLED },
	{ "code from memory",		"stdio",	do_code,	EPERM, KILLED },
	{ "open",			"stdio",	do_open,	EPERM, KILLED },
	{ "open, promised",		"file-read",	do_open,	DONE, DONE },
	{ "open, by a wider promise",	"queue-create",	do_open,	DONE, DONE },
	{ "remove",			"queue-read",	do_unlink,	EPERM, KILLED },
	{ "symbolic link",		"queue-create",	do_symlink,	ENOSYS, KILLED },
	{ "network",			"stdio unix-connect", do_inet,	EPERM, KILLED },
	{ "network, promised",		"net-connect",	do_inet,	DONE, DONE },
	{ "raw network",		"net-connect dns", do_packet,	EPERM, KILLED },
	{ "local stream",		"stdio",	do_unix,	EPERM, KILLED },
	{ "local stream, promised",	"unix-connect",	do_unix,	DONE, DONE },
	{ "other user",			"file-write",	do_setuid,	EPERM, KILLED },
	{ "other user, promised",	"setid",	do_setuid,	DONE, DONE },
	{ "users looked up",		"nss",		do_passwd,	DONE, DONE },
};

static void
test_calls(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
		int on = attempt(calls[i].promises, SANDBOX_ON, calls[i].act);
		int strict = has_landlock() ? attempt(calls[i].promises, SANDBOX_STRICT, calls[i].act) : calls[i].strict;

		if (on != calls[i].on || strict != calls[i].strict)
			fail_msg("%s: ended with %d and %d", calls[i].name, on, strict);
	}
}

static const struct {
	const char *name, *promises;
	int (*act)(void);
	int end;
} files[] = {
	{ "read, granted",		"queue-read",	do_open,	DONE },
	{ "read elsewhere",		"queue-read",	do_open_outside, EACCES },
	{ "write where reading is granted", "queue-read", do_write,	EACCES },
	{ "remove where reading is granted", "queue-write", do_unlink,	EACCES },
	{ "create where reading is granted", "queue-read", do_create,	EACCES },
	{ "write, granted",		"queue-create",	do_write,	DONE },
	{ "create, granted",		"queue-create",	do_create,	DONE },
	{ "link between directories",	"queue-create",	do_link,	DONE },
	{ "rename out",			"queue-create",	do_rename_out,	EACCES },
	{ "rename between directories",	"queue-create",	do_rename,	DONE },
};

static void
test_files(void **state)
{
	if (!has_landlock())
		skip();
	unlink("inside/other/file");
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		int end = attempt(files[i].promises, SANDBOX_ON, files[i].act);

		unlink("inside/new");
		if (files[i].act == do_link)
			unlink("inside/other/file");
		if (end != files[i].end)
			fail_msg("%s: ended with %d", files[i].name, end);
	}
}

static int
count_refused(void)
{
	do_inet();
	do_fork();
	do_open();
	return (int)sandbox_refused();
}

static void
test_refused_calls_are_counted(void **state)
{
	assert_int_equal(attempt("stdio", SANDBOX_ON, count_refused), 3);
}

static unsigned lines;

static void
count_lines(enum log_level level, struct view text, void *arg)
{
	lines += level == LOG_LEVEL_WARN && view_starts(text, VIEW("sandbox: system call "));
}

static int
count_log_lines(void)
{
	log_add_sink(count_lines, NULL);
	count_refused();
	return (int)lines;
}

static void
test_the_first_refused_call_is_logged(void **state)
{
	assert_int_equal(attempt("stdio", SANDBOX_ON, count_log_lines), 1);
}

static int
do_nothing(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 1 : 0;
}

static void
test_off_is_off(void **state)
{
	assert_int_equal(attempt("stdio", SANDBOX_OFF, do_inet), DONE);
	assert_int_equal(attempt("stdio", SANDBOX_OFF, do_nothing), 0);
}

static void
test_unknown_promises_are_refused(void **state)
{
	const struct sandbox sandbox = { SANDBOX_ON, "stdio fly", NULL, 0 };
	struct buf why = BUF_INIT;

	assert_false(sandbox_enter(&sandbox, &why));
	assert_string_equal(buf_c(&why), "unknown promise \"fly\"");
	buf_fini(&why);
}

static void
test_modes(void **state)
{
	enum sandbox_mode mode = SANDBOX_ON;

	assert_true(sandbox_mode_of("no", &mode) && mode == SANDBOX_OFF);
	assert_true(sandbox_mode_of("yes", &mode) && mode == SANDBOX_ON);
	assert_true(sandbox_mode_of("strict", &mode) && mode == SANDBOX_STRICT);
	assert_false(sandbox_mode_of("maybe", &mode));
}

static void
test_wider_promises_imply_narrower_ones(void **state)
{
	assert_true(sandbox_is_promised("queue-create", "queue-write"));
	assert_true(sandbox_is_promised("x dns", "unix-connect"));
	assert_true(sandbox_is_promised("", "stdio"));
	assert_false(sandbox_is_promised("queue-read", "queue-write"));
	assert_false(sandbox_is_promised("unix-connect", "nss"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test_setup_teardown(test_files, fresh_files, scratch_leave),
		cmocka_unit_test(test_refused_calls_are_counted),
		cmocka_unit_test(test_the_first_refused_call_is_logged),
		cmocka_unit_test(test_off_is_off),
		cmocka_unit_test(test_unknown_promises_are_refused),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_wider_promises_imply_narrower_ones),
	};

	return cmocka_run_group_tests(tests, fresh_files, scratch_leave);
}
