#include "postfix/chroot.h"
#include "postfix/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "global/config/instance.h"
#include "global/config/master_cf.h"
#include "util/base/clock.h"
#include "util/log/log.h"

#define NAME		"the Postfix mail system"	/* log readers know it by this name */
#define QUICK_START	"quick-start"			/* in queue_directory: the last stop was a quick one */

enum { STOP_MS = 5000, STOP_STEP_MS = 50, FORCE_MS = 1000 };

/* The pid of the running master; fatal when there is none. */
static pid_t
running_master(const struct control *control)
{
	pid_t master;

	if (!instance_is_running(control->config, &master) || master <= 1)
		if (master != 1)
			log_fatal(NAME " is not running");
	return master;
}

static void
refuse_if_running(const struct control *control)
{
	pid_t master;

	if (instance_is_running(control->config, &master))
		log_fatal(NAME " is already running");
}

const char *
control_setting(const struct control *control, const char *name)
{
	struct buf why = BUF_INIT;
	const char *value = config_string(control->config, name, &why);

	if (value == NULL)
		log_fatal("%s", buf_c(&why));
	return value;
}

static void
send_signal(pid_t pid, int signal_number)
{
	if (kill(pid, signal_number) == -1 && errno != ESRCH)
		log_fatal("signal process %ld: %s", (long)pid, strerror(errno));
}

/* Fatal when it is bad: master would keep its running table; here the administrator learns so at once. */
static bool
master_cf_uses_chroot(const struct control *control)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct master_cf *table;
	bool used;

	buf_printf(&path, "%s/master.cf", config_directory(control->config));
	if ((table = master_cf_load(buf_c(&path), &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	master_cf_set_chroot(table, control->config, NULL, NULL);
	used = chroot_is_used(table);
	master_cf_free(table);
	buf_fini(&path);
	return used && control->privileged;
}

/* -- start ------------------------------------------------------------------------------------------------------------ */

static int
run_and_wait(const char *directory, const char *program, const char *const *arguments)
{
	struct buf path = BUF_INIT;
	int status = 0;
	pid_t pid;

	buf_printf(&path, "%s/%s", directory, program);
	if (access(buf_c(&path), X_OK) == 0 && (pid = fork()) != -1) {
		if (pid == 0) {
			execv(buf_c(&path), (char *const *)arguments);
			_exit(127);
		}
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			continue;
	}
	buf_fini(&path);
	return status;
}

/* Queue files go where today's hashing wants them; a quick stop promised that nothing changed since. */
static void
mend_queue(const struct control *control)
{
	static const char *const arguments[] = { "postsuper", "-s", NULL };

	if (unlink(QUICK_START) == 0)
		return;
	if (run_and_wait(control->settings.command_directory, "postsuper", arguments) != 0)
		log_fatal("postsuper -s failed: see the lines before");
}

static void
prepare_start(struct control *control)
{
	refuse_if_running(control);
	if (!check_all(control))
		log_fatal("problems above keep " NAME " from starting");
	mend_queue(control);
	if (master_cf_uses_chroot(control))
		chroot_refresh();
	log_info("starting " NAME);
	if (!control->privileged)
		log_info("without root: all runs as uid %ld; mail_owner, setgid_group and the columns unpriv and chroot "
		    "of master.cf mean nothing", (long)geteuid());
}

static int
exec_master(const struct control *control, const char *mode)
{
	const char *argv[32] = { "master", mode };
	struct buf path = BUF_INIT;
	size_t n = 2;

	if (control->debugger)
		argv[n++] = "-D";
	for (int i = 0; i < control->verbose && n < ARRAY_COUNT(argv) - 1; i++)
		argv[n++] = "-v";
	buf_printf(&path, "%s/master", control->settings.daemon_directory);
	execv(buf_c(&path), (char *const *)argv);
	log_fatal("exec %s: %s", buf_c(&path), strerror(errno));
}

int
control_start(struct control *control)
{
	prepare_start(control);
	return exec_master(control, "-w");
}

int
control_start_foreground(struct control *control)
{
	prepare_start(control);
	return exec_master(control, getpid() == 1 ? "-i" : "-s");
}

/* -- stop ------------------------------------------------------------------------------------------------------------- */

static bool
wait_until_gone(const struct control *control, msec_t limit_ms)
{
	const struct timespec step = { 0, STOP_STEP_MS * 1000 * 1000 };
	msec_t start = clock_now();
	bool told = false;
	pid_t master;

	while (instance_is_running(control->config, &master)) {
		if (clock_now() - start >= limit_ms)
			return false;
		if (!told && clock_now() - start >= 1000) {
			log_info("waiting for " NAME " to terminate");
			told = true;
		}
		nanosleep(&step, NULL);
	}
	return true;
}

int
control_stop(struct control *control)
{
	pid_t master = running_master(control), group = getpgid(master);

	log_info("stopping " NAME);
	send_signal(master, SIGTERM);
	if (wait_until_gone(control, STOP_MS))
		return 0;
	log_info("stopping " NAME " with force");
	send_signal(group > 1 ? -group : master, SIGKILL);
	return wait_until_gone(control, FORCE_MS) ? 0 : 1;
}

int
control_quick_stop(struct control *control)
{
	int status = control_stop(control), fd;

	if (status == 0 && (fd = open(QUICK_START, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) != -1)
		close(fd);
	return status;
}

int
control_abort(struct control *control)
{
	pid_t master = running_master(control);

	log_info("aborting " NAME);
	send_signal(master, SIGTERM);
	return 0;
}

/* -- while it runs ---------------------------------------------------------------------------------------------------- */

int
control_reload(struct control *control)
{
	pid_t master = running_master(control);
	bool chroot_used = master_cf_uses_chroot(control);

	check_all(control);
	if (chroot_used)
		chroot_refresh();
	log_info("refreshing " NAME);
	send_signal(master, SIGHUP);
	return 0;
}

int
control_flush(struct control *control)
{
	static const char *const arguments[] = { "postqueue", "-f", NULL };

	running_master(control);
	return run_and_wait(control->settings.command_directory, "postqueue", arguments) == 0 ? 0 : 1;
}

int
control_status(struct control *control)
{
	pid_t master;

	if (instance_is_running(control->config, &master)) {
		log_info(NAME " is running: PID: %ld", (long)master);
		return 0;
	}
	log_info(NAME " is not running");
	return 1;
}

int
control_check(struct control *control)
{
	bool good = check_all(control);

	check_more(control);
	if (master_cf_uses_chroot(control))
		chroot_check(control->settings.queue_directory);
	return good ? 0 : 1;
}
