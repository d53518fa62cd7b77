/*
 * postlock: holds a mailbox file while a command runs, see postlock(1).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "service/command.h"
#include "util/file/file.h"
#include "util/file/mailbox_lock.h"
#include "util/log/log.h"
#include "util/process/process.h"

struct options {
	const char *config_directory, *styles;
};

struct settings {
	const char *styles, *import_environment;
	int attempts, delay_sec, stale_sec;
};

static const struct binding bindings[] = {
	BIND_STRING(struct settings, styles, "mailbox_delivery_lock"),
	BIND_STRING(struct settings, import_environment, "import_environment"),
	BIND_INT(struct settings, attempts, "deliver_lock_attempts"),
	BIND_TIME(struct settings, delay_sec, "deliver_lock_delay"),
	BIND_TIME(struct settings, stale_sec, "stale_lock_time"),
	BIND_END
};

static void __attribute__((noreturn))
usage(void)
{
	log_fatal("usage: postlock [-c config_dir] [-l lock_style] [-v] folder command ...");
}

static void
read_options(struct options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+c:l:v")) != -1) {
		switch (option) {
		case 'c':
			options->config_directory = optarg;
			break;
		case 'l':
			options->styles = optarg;
			break;
		case 'v':
			command_verbose();
			break;
		default:
			usage();
		}
	}
	if (argc - optind < 2)
		usage();
}

static void
load(const struct options *options, struct mailbox_lock_policy *policy)
{
	struct config *config = command_config(options->config_directory);
	struct buf why = BUF_INIT;
	struct settings settings;

	command_bind(config, bindings, &settings);
	process_clean_environment(settings.import_environment);
	if (!mailbox_lock_styles(options->styles != NULL ? options->styles : settings.styles, &policy->styles, &why))
		log_fatal("%s", buf_c(&why));
	policy->attempts = settings.attempts;
	policy->delay_sec = settings.delay_sec;
	policy->stale_sec = settings.stale_sec;
	buf_fini(&why);
}

/*
 * Links are followed to what is there, but nothing is made where one points to. A pipe without a reader is an error, not a
 * wait.
 */
static int
open_folder(const char *path, struct buf *why)
{
	int fd = file_open(path, O_WRONLY | O_APPEND | O_NONBLOCK, 0, NULL);

	if (fd != -1 || errno != ENOENT)
		return fd != -1 ? fd : file_open(path, O_WRONLY | O_APPEND | O_NONBLOCK, 0, why);
	return file_open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0600, why);
}

/* The command's status as a shell tells it. */
static int
run(char **command)
{
	int status;
	pid_t pid = process_fork();

	if (pid == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		execvp(command[0], command);
		log_fatal("%s: %s", command[0], strerror(errno));
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			log_fatal("wait for %s: %s", command[0], strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A dotlock would outlive us: the terminal's signals are the command's to obey, and we go when it went. */
static void
ignore_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

int
main(int argc, char **argv)
{
	struct mailbox_lock_policy policy = { 0 };
	struct mailbox_lock lock = MAILBOX_LOCK_INIT;
	struct options options = { 0 };
	struct buf why = BUF_INIT;
	int fd, status;

	command_begin("postlock");
	log_set_fatal_status(EX_TEMPFAIL);
	read_options(&options, argc, argv);
	load(&options, &policy);
	if ((fd = open_folder(argv[optind], &why)) == -1 ||
	    !mailbox_lock(&lock, fd, argv[optind], &policy, &why))
		log_fatal("%s", buf_c(&why));
	ignore_signals();
	status = run(argv + optind + 1);
	mailbox_unlock(&lock);
	return status;
}
