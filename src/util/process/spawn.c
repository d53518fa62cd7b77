#include "util/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/file/file.h"

enum { EXIT_CANNOT_RUN = 71 };	/* EX_OSERR */
enum { ASK_AGAIN_MS = 20 };

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

/* Standard error is where a command complains; its output is in the report of whoever started it. */
__attribute__((noreturn)) static void
cannot_run(const char *what, const char *path)
{
	dprintf(STDERR_FILENO, "fatal: %s %s: %s\n", what, path, strerror(errno));
	_exit(EXIT_CANNOT_RUN);
}

static void
limit_files(long long size)
{
	const struct rlimit limit = { (rlim_t)size, (rlim_t)size };

	if (size > 0)
		setrlimit(RLIMIT_FSIZE, &limit);
}

/* Settings of the process. */
static struct {
	unsigned long long files_limit;	/* of programs; 0: as for us */
	int fork_attempts;
	msec_t fork_delay_ms;
} settings = { .fork_attempts = 1 };

void
process_set_files_limit(unsigned long long files)
{
	settings.files_limit = files;
}

/* Programs that walk over all descriptors, or use select(), count on the limit of a login. */
static void
limit_descriptors(void)
{
	struct rlimit limit;

	if (settings.files_limit > 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0 && settings.files_limit < limit.rlim_max) {
		limit.rlim_cur = (rlim_t)settings.files_limit;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void
child(const struct process_spec *spec)
{
	const int descriptors[3] = { spec->input, spec->output, spec->error };

	if (!spec->foreground) {
		setpgid(0, 0);
		reset_signals();
	}
	if (!place_descriptors(descriptors))
		cannot_run("open descriptors of", spec->argv[0]);
	close_above(STDERR_FILENO);
	umask(077);
	limit_files(spec->file_size_max);
	limit_descriptors();
	if (spec->chroot != NULL && (chroot(spec->chroot) == -1 || chdir("/") == -1))
		cannot_run("chroot", spec->chroot);
	if (spec->as != NULL) {
		if (getuid() == 0 && geteuid() != 0)
			identity_restore();
		identity_become(spec->as);
	}
	if (spec->directory != NULL && chdir(spec->directory) == -1)
		cannot_run("change directory to", spec->directory);
	if (spec->search_path)
		execvpe(spec->argv[0], spec->argv, spec->environment);
	if (spec->search_path && spec->otherwise != NULL && errno == ENOENT && strchr(spec->argv[0], '/') == NULL)
		execve(spec->otherwise[0], spec->otherwise, spec->environment);
	if (!spec->search_path)
		execve(spec->argv[0], spec->argv, spec->environment);
	cannot_run("execute", spec->argv[0]);
}

/* -- in the parent ------------------------------------------------------------------------------------------------ */

void
process_set_fork_attempts(int attempts, msec_t delay_ms)
{
	settings.fork_attempts = attempts;
	settings.fork_delay_ms = delay_ms;
}

pid_t
process_fork(void)
{
	pid_t pid = fork();

	for (int attempt = 1; pid == -1 && attempt < settings.fork_attempts; attempt++) {
		poll(NULL, 0, (int)settings.fork_delay_ms);
		pid = fork();
	}
	return pid;
}

/*
 * A child that stays who we are borrows our memory until it executes: copying it costs more than all else here. What
 * child() does then changes the child's descriptors, signals and limits, and nothing in memory.
 */
static pid_t
fork_for(const struct process_spec *spec)
{
	pid_t pid;

	if (spec->as == NULL && (pid = vfork()) != -1) {
		if (pid == 0)
			child(spec);
		return pid;
	}
	pid = process_fork();
	if (pid == 0)
		child(spec);
	return pid;
}

pid_t
process_start(const struct process_spec *spec, struct buf *why)
{
	pid_t pid = fork_for(spec);

	if (pid == -1)
		why_set(why, "fork: %s", strerror(errno));
	if (pid > 0 && !spec->foreground)
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

static struct process_outcome
reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return (struct process_outcome){ PROCESS_EXITED, EXIT_CANNOT_RUN };	/* who knows how */
	if (WIFSIGNALED(status))
		return (struct process_outcome){ PROCESS_KILLED, WTERMSIG(status) };
	return (struct process_outcome){ PROCESS_EXITED, WEXITSTATUS(status) };
}

/* The child was not reaped yet: its process id, and that of its group, cannot be somebody else's. */
static struct process_outcome
kill_and_reap(pid_t pid)
{
	kill_group(pid);
	reap(pid);
	return (struct process_outcome){ PROCESS_TIMEOUT, 0 };
}

static struct process_outcome
wait_by_descriptor(pid_t pid, int end, msec_t deadline)
{
	if (deadline == CLOCK_NEVER || fd_wait(end, POLLIN, deadline))
		return reap(pid);
	return kill_and_reap(pid);
}

/* For want of a descriptor. That we cannot watch it is no reason to kill it. */
static struct process_outcome
wait_by_asking(pid_t pid, msec_t deadline)
{
	siginfo_t info = { 0 };

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0) {
		if (clock_poll_ms(deadline) == 0)
			return kill_and_reap(pid);
		poll(NULL, 0, ASK_AGAIN_MS);
	}
	return reap(pid);
}

struct process_outcome
process_wait(pid_t pid, msec_t deadline)
{
	struct process_outcome outcome;
	int end;

	if (deadline == CLOCK_NEVER)
		return reap(pid);
	if ((end = pidfd_open(pid, 0)) == -1)
		return wait_by_asking(pid, deadline);
	outcome = wait_by_descriptor(pid, end, deadline);
	close(end);
	return outcome;
}

/* -- a child that is fed and listened to --------------------------------------------------------------------------- */

static void
close_end(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
keep(struct process_child *child, struct view said)
{
	size_t have = child->collected->len, room = have < child->output_limit ? child->output_limit - have : 0;

	buf_putv(child->collected, view_slice(said, 0, room));
}

/* Takes what is there, without waiting; some blocks at a time, so that a flood leaves time to look at the clock. */
static void
listen_to(struct process_child *child)
{
	enum { BLOCKS = 64 };
	char block[4096];

	for (int i = 0; i < BLOCKS && child->output != -1; i++) {
		ssize_t n = read(child->output, block, sizeof(block));

		if (n > 0)
			keep(child, view_bytes(block, (size_t)n));
		else if (n == -1 && errno == EAGAIN)
			return;
		else if (n == 0 || errno != EINTR)
			close_end(&child->output);
	}
}

/* Waits for fd, and takes the output meanwhile, so that nobody waits for a peer that waits for him. */
static bool
wait_and_listen(struct process_child *child, int fd, short events)
{
	for (;;) {
		struct pollfd ready[2] = { { fd, events, 0 }, { child->output, POLLIN, 0 } };
		int n = poll(ready, 2, clock_poll_ms(child->deadline));

		if (n == 0)
			return false;
		if (n == -1 && errno != EINTR)
			poll(NULL, 0, ASK_AGAIN_MS);	/* no memory: that is not the child's fault */
		if (n > 0 && ready[1].revents != 0)
			listen_to(child);
		if (n > 0 && ready[0].revents != 0)
			return true;
		if (clock_poll_ms(child->deadline) == 0)
			return false;		/* whoever floods us is not waited for longer */
	}
}

/* Both pipes; the child's ends are from[0] and to[1]. */
static bool
open_pipes(int from[2], int to[2], struct buf *why)
{
	if (pipe2(from, O_CLOEXEC) == -1) {
		why_set(why, "pipe: %s", strerror(errno));
		return false;
	}
	if (pipe2(to, O_CLOEXEC) == -1) {
		why_set(why, "pipe: %s", strerror(errno));
		close(from[0]);
		close(from[1]);
		return false;
	}
	return true;
}

static bool
watch_child(struct process_child *child, struct buf *why)
{
	fd_set_nonblocking(child->input, true);
	fd_set_nonblocking(child->output, true);
	if (child->pid != -1 && (child->end = pidfd_open(child->pid, 0)) == -1) {
		why_set(why, "pidfd_open: %s", strerror(errno));
		kill_and_reap(child->pid);
		child->pid = -1;
	}
	if (child->pid == -1) {
		close_end(&child->input);
		close_end(&child->output);
	}
	return child->pid != -1;
}

bool
process_open(struct process_child *child, const struct process_spec *spec, msec_t deadline, size_t output_limit,
    struct buf *output, struct buf *why)
{
	struct process_spec with_pipes = *spec;
	int from[2], to[2];

	if (!open_pipes(from, to, why))
		return false;
	with_pipes.input = from[0];
	with_pipes.output = with_pipes.error = to[1];
	*child = (struct process_child){ .pid = process_start(&with_pipes, why), .input = from[1], .output = to[0], .end = -1,
		.deadline = deadline, .output_limit = output_limit, .collected = output };
	close(from[0]);
	close(to[1]);
	return watch_child(child, why);
}

bool
process_feed(struct process_child *child, struct view bytes)
{
	while (bytes.len > 0 && child->input != -1) {
		ssize_t n = write(child->input, bytes.data, bytes.len);

		if (n > 0)
			bytes = view_slice(bytes, (size_t)n, bytes.len);
		else if (errno == EPIPE)
			close_end(&child->input);	/* it knows enough */
		else if (errno == EAGAIN && !wait_and_listen(child, child->input, POLLOUT)) {
			errno = ETIMEDOUT;
			return false;
		} else if (errno != EAGAIN && errno != EINTR) {
			return false;
		}
	}
	return true;
}

struct process_outcome
process_close(struct process_child *child)
{
	struct process_outcome outcome;

	close_end(&child->input);
	if (wait_and_listen(child, child->end, POLLIN)) {
		listen_to(child);
		outcome = reap(child->pid);
	} else {
		outcome = kill_and_reap(child->pid);
	}
	close_end(&child->output);
	close_end(&child->end);
	return outcome;
}

void
process_abort(struct process_child *child)
{
	kill_and_reap(child->pid);
	close_end(&child->input);
	close_end(&child->output);
	close_end(&child->end);
}
