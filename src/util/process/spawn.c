#include "util/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/file/file.h"

enum { EXIT_CANNOT_RUN = 127 };

/* -- in the child ------------------------------------------------------------------------------------------------- */

static void
reset_signals(void)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The three descriptors may be in each other's way: move them up first. */
static bool
place_descriptors(const int from[3])
{
	int high[3];

	for (int i = 0; i < 3; i++) {
		int fd = from[i] != -1 ? from[i] : open("/dev/null", O_RDWR);

		if (fd == -1 || (high[i] = fcntl(fd, F_DUPFD, 3)) == -1)
			return false;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) == -1)
			return false;
	return true;
}

static void
close_above(int last)
{
	if (close_range((unsigned)last + 1, ~0u, 0) == 0)
		return;
	for (int fd = last + 1, end = (int)sysconf(_SC_OPEN_MAX); fd < end; fd++)
		close(fd);
}

static void
child(const struct process_spec *spec)
{
	const int descriptors[3] = { spec->input, spec->output, spec->error };

	setpgid(0, 0);
	reset_signals();
	if (!place_descriptors(descriptors))
		_exit(EXIT_CANNOT_RUN);
	close_above(STDERR_FILENO);
	umask(077);
	if (spec->chroot != NULL && (chroot(spec->chroot) == -1 || chdir("/") == -1))
		_exit(EXIT_CANNOT_RUN);
	if (spec->as != NULL) {
		if (getuid() == 0 && geteuid() != 0)
			identity_restore();
		identity_become(spec->as);
	}
	if (spec->directory != NULL && chdir(spec->directory) == -1)
		_exit(EXIT_CANNOT_RUN);
	execve(spec->argv[0], spec->argv, spec->environment);
	_exit(EXIT_CANNOT_RUN);
}

/* -- in the parent ------------------------------------------------------------------------------------------------ */

pid_t
process_start(const struct process_spec *spec, struct buf *why)
{
	pid_t pid = fork();

	if (pid == -1)
		why_set(why, "fork: %s", strerror(errno));
	if (pid == 0)
		child(spec);
	if (pid > 0)
		setpgid(pid, pid);	/* both sides: whoever comes first */
	return pid;
}

/* What was started may belong to another user: only root can signal it then. */
static void
kill_group(pid_t pid)
{
	uid_t effective = geteuid();
	bool raise_rights = getuid() == 0 && effective != 0;

	if (raise_rights && seteuid(0) == -1)
		return;
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	if (raise_rights && seteuid(effective) == -1)
		_exit(71);
}

/* Waits for the end of the child until the deadline. */
static bool
reap(pid_t pid, msec_t deadline, int *status)
{
	enum { PAUSE_MS = 10 };
	pid_t done;

	while ((done = waitpid(pid, status, deadline == CLOCK_NEVER ? 0 : WNOHANG)) != pid) {
		if (done == -1 && errno != EINTR)
			return false;
		if (deadline != CLOCK_NEVER && clock_now() >= deadline)
			return false;
		if (done == 0)
			poll(NULL, 0, PAUSE_MS);
	}
	return true;
}

/* Reads what the command says until it closes; keeps the first output_limit bytes. */
static bool
collect(int fd, msec_t deadline, size_t output_limit, struct buf *output)
{
	char block[4096];
	ssize_t n;

	for (;;) {
		if (!fd_wait(fd, POLLIN, deadline))
			return false;
		n = read(fd, block, sizeof(block));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return true;
		if (output != NULL && output->len < output_limit)
			buf_put(output, block, (size_t)n < output_limit - output->len ? (size_t)n : output_limit - output->len);
	}
}

static struct process_outcome
outcome_of(int status)
{
	if (WIFSIGNALED(status))
		return (struct process_outcome){ PROCESS_KILLED, WTERMSIG(status) };
	return (struct process_outcome){ PROCESS_EXITED, WEXITSTATUS(status) };
}

struct process_outcome
process_run(const struct process_spec *spec, msec_t deadline, size_t output_limit, struct buf *output, struct buf *why)
{
	struct process_outcome failed = { PROCESS_FAILED, 0 }, late = { PROCESS_TIMEOUT, 0 };
	struct process_spec with_pipe = *spec;
	int ends[2], status = 0;
	bool in_time;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1) {
		why_set(why, "pipe: %s", strerror(errno));
		return failed;
	}
	with_pipe.output = with_pipe.error = ends[1];
	pid = process_start(&with_pipe, why);
	close(ends[1]);
	if (pid == -1) {
		close(ends[0]);
		return failed;
	}
	in_time = collect(ends[0], deadline, output_limit, output) && reap(pid, deadline, &status);
	close(ends[0]);
	if (in_time) {
		kill_group(pid);	/* what it left behind */
		return outcome_of(status);
	}
	kill_group(pid);
	reap(pid, CLOCK_NEVER, &status);
	return late;
}
