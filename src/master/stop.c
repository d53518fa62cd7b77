#include "master/stop.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "global/maillog/maillog_file.h"
#include "global/maillog/postlog_sink.h"
#include "master/child.h"
#include "master/service_table.h"
#include "util/log/log.h"

#define STOP_MS	5000		/* for the processes to end, before they are killed */

/* A postlogd that was told to go while it started, or never came, left the last words of others in its socket. */
static void
write_last_words(struct supervisor *master)
{
	struct maillog_file file;
	int fd;

	if (!maillog_file_bind(master->config, &file, NULL) || file.path[0] == '\0')
		return;
	fd = maillog_file_is_stdout(&file) ? master->console : maillog_file_open(&file, NULL);
	LIST_FOREACH(service, &master->services, struct service_entry, link)
		if (fd != -1 && service->type == MASTER_UNIX_DGRAM &&
		    strcmp(service->name, master->settings.postlog_service) == 0)
			maillog_file_drain(fd, service->listeners[0].fd);
}

static void __attribute__((noreturn))
finish(struct supervisor *master)
{
	maillog_flush();
	write_last_words(master);
	exit(0);
}

/* Process 1 is outside of what it signals, and its end takes everything with it. */
static void
kill_rest(void *arg)
{
	struct supervisor *master = arg;

	service_table_kill(master, SIGKILL);
	if (!master->options.init)
		kill(0, SIGKILL);
	finish(master);
}

/* One signal to the whole group also reaches what our children started and did not put into a group of its own. */
static void
stop(int signal_number, void *arg)
{
	struct supervisor *master = arg;

	if (master->stopping)
		return;
	log_info("terminating on signal %d", signal_number);
	maillog_flush();
	master->stopping = true;
	if (master->options.init)
		service_table_kill(master, SIGTERM);
	else
		kill(0, SIGTERM);
	loop_timer_start(master->loop, &master->stop_timer, STOP_MS, kill_rest, master);
	if (child_count(master) == 0)
		finish(master);
}

static void
child_ended(int signal_number, void *arg)
{
	struct supervisor *master = arg;

	child_reap_all(master);
	if (master->stopping && child_count(master) == 0)
		finish(master);
}

static void
time_is_over(void *arg)
{
	stop(SIGTERM, arg);
}

/* We are broken: whoever waits for us to look after him must go, too. Only calls that are safe in a handler. */
static void
crash(int signal_number)
{
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

void
stop_init(struct supervisor *master)
{
	static const int stopping[] = { SIGTERM, SIGINT, SIGQUIT };
	static const int broken[] = { SIGILL, SIGBUS, SIGSEGV };

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	loop_signal(master->loop, SIGCHLD, child_ended, master);
	for (size_t i = 0; i < ARRAY_COUNT(stopping); i++)
		loop_signal(master->loop, stopping[i], stop, master);
	for (size_t i = 0; i < ARRAY_COUNT(broken); i++)
		signal(broken[i], crash);
	if (master->options.exit_after_sec > 0)
		loop_timer_start(master->loop, &master->stop_timer, (msec_t)master->options.exit_after_sec * 1000,
		    time_is_over, master);
}
