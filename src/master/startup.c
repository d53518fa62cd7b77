#include "master/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "global/config/instance.h"
#include "global/config/programs.h"
#include "global/maillog/maillog_file.h"
#include "master/lock.h"
#include "service/master_protocol.h"
#include "util/file/file.h"
#include "util/log/log.h"

static void
find_owner(struct supervisor *master)
{
	const char *name = master->settings.mail_owner;

	master->privileged = geteuid() == 0;
	if (!master->privileged)
		master->owner = (struct identity){ geteuid(), getegid(), NULL };
	else if (!identity_of_user(name, &master->owner))
		log_fatal("mail_owner = %s: %s", name, errno != 0 ? strerror(errno) : "no such user");
	else if (master->owner.uid == 0)
		log_fatal("mail_owner = %s: must not be root", name);
}

/* The prefix is needed again with each reload. */
static void
clean_environment(const struct supervisor *master)
{
	const char *prefix = getenv(PREFIX_ENV);
	char *kept = prefix != NULL ? mem_string(prefix) : NULL;

	process_clean_environment(master->settings.import_environment);
	if (kept != NULL)
		setenv(PREFIX_ENV, kept, 1);
	mem_free(kept);
}

void
startup_check(struct supervisor *master)
{
	struct buf why = BUF_INIT;

	if (!instance_may_run(master->config, &why) || !programs_are_ours(master->config, &why))
		log_fatal("%s", buf_c(&why));
	find_owner(master);
	clean_environment(master);
	setenv("MAIL_CONFIG", config_directory(master->config), 1);
	if (master->options.debugger)
		setenv("MAIL_DEBUG", "", 1);
	if (chdir(master->settings.queue_directory) == -1)
		log_fatal("chdir %s: %s", master->settings.queue_directory, strerror(errno));
}

/* The caller learns how it went: a byte when services are open, end of file when we died before. */
static void __attribute__((noreturn))
wait_for_child(int fd, pid_t pid)
{
	char byte;
	ssize_t n;

	while ((n = read(fd, &byte, 1)) == -1 && errno == EINTR)
		continue;
	if (n == 1)
		_exit(0);
	waitpid(pid, NULL, 0);		/* its descriptors close before it is gone */
	_exit(1);
}

static void
fork_away(struct supervisor *master)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		log_fatal("start in the background: %s", strerror(errno));
	if (pid > 0) {
		close(fds[1]);
		wait_for_child(fds[0], pid);
	}
	close(fds[0]);
	master->parent = fds[1];
}

/* All processes form one group, so that one signal reaches them all. Who leads a group already may keep it. */
void
startup_detach(struct supervisor *master)
{
	if (master->options.wait)
		fork_away(master);
	if (!master->options.debug && setsid() == -1 && getpgrp() != getpid() && setpgid(0, 0) == -1)
		log_fatal("cannot lead a process group: %s", strerror(errno));
}

void
startup_lock(struct supervisor *master)
{
	struct buf why = BUF_INIT;

	if (!lock_take(master, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

/* The standard output is kept only if the log goes there, and only for the one who writes it. */
static void
keep_console(struct supervisor *master)
{
	struct maillog_file file = { .path = master->settings.maillog_file };

	if (maillog_file_is_stdout(&file))
		master->console = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static void
close_terminal(struct supervisor *master)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (master->options.debug)
		return;
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1)
		log_fatal("open /dev/null: %s", strerror(errno));
	close(null);
}

/* To the most there is, which is root's to choose. */
static void
raise_limit(int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(resource, &limit);
	}
}

/* CQ14: a file smaller than a message can neither be delivered nor sent back. */
static void
raise_file_size(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_FSIZE, &limit) == 0)
		return;
	raise_limit(RLIMIT_FSIZE);
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		log_warn("no file may be larger than %llu bytes here: message_size_limit must be well below that",
		    (unsigned long long)limit.rlim_cur);
}

/* Many clients need many descriptors; whoever starts foreign programs gives them the number they would have had. */
static void
raise_files(void)
{
	struct rlimit limit;
	struct buf text = BUF_INIT;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != limit.rlim_max) {
		buf_printf(&text, "%llu", (unsigned long long)limit.rlim_cur);
		setenv(MASTER_FILES_ENV, buf_c(&text), 1);
	}
	raise_limit(RLIMIT_NOFILE);
	buf_fini(&text);
}

void
startup_descriptors(struct supervisor *master)
{
	keep_console(master);
	close_terminal(master);
	raise_files();
	raise_file_size();
	if (pipe2(master->flow, O_CLOEXEC | O_NONBLOCK) == -1)
		log_fatal("make flow-control pipe: %s", strerror(errno));
	list_init(&master->services);
	list_init(&master->spare_children);
	master->children = hash_new();
	master->loop = loop_new();
}

/* Standard error goes last: until now it told the caller what was wrong. */
void
startup_done(struct supervisor *master)
{
	if (!master->options.debug)
		dup2(STDIN_FILENO, STDERR_FILENO);
	if (master->parent == -1)
		return;
	(void)!write(master->parent, "", 1);
	close(master->parent);
	master->parent = -1;
}
