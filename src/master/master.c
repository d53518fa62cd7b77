/*
 * master: starts the services of an instance on demand and looks after their processes, see master(8). This file is
 * the table of contents; one struct supervisor is handed to all parts.
 */
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/config/instance.h"
#include "global/maillog/postlog_sink.h"
#include "master/lock.h"
#include "master/options.h"
#include "master/reload.h"
#include "master/service_table.h"
#include "master/startup.h"
#include "master/stop.h"
#include "util/log/log.h"

#define LOG_FLUSH_MS	100	/* between tries to give lines to a postlogd that is not ready */

static void
load_settings(struct supervisor *master)
{
	struct buf why = BUF_INIT;

	if (!reload_settings(master, &why))
		log_fatal("%s", buf_c(&why));
	maillog_open(master->config, "master");
	log_set_verbose(master->options.verbose);
}

static void
open_services(struct supervisor *master)
{
	struct buf why = BUF_INIT;

	if (!service_table_load(master, &why))
		log_fatal("%s", buf_c(&why));
	service_table_start(master);
}

/* From here on lines go to postlogd, who may yet have to be started by us: we must not wait for him. */
static void
announce(struct supervisor *master)
{
	postlog_sink_open(master->config);
	maillog_never_wait();
	if (!master->options.debug)
		log_to_stderr(false);
	log_info("daemon started -- version %s, configuration %s", master->settings.mail_version,
	    config_directory(master->config));
}

static void
run(struct supervisor *master)
{
	startup_detach(master);
	startup_lock(master);
	startup_descriptors(master);
	stop_init(master);
	reload_init(master);
	open_services(master);
	announce(master);
	startup_done(master);
	for (;;)		/* stop.c leaves */
		loop_turn(master->loop, maillog_flush() ? -1 : LOG_FLUSH_MS);
}

int
main(int argc, char **argv)
{
	struct supervisor master = { .snapshot = -1, .console = -1, .parent = -1 };
	pid_t other;

	process_check_descriptors();
	umask(077);
	log_to_stderr(true);
	log_retag("postfix/master");
	options_read(&master.options, argc, argv);
	load_settings(&master);
	if (master.options.only_test)
		return instance_is_running(master.config, &other) ? 1 : 0;
	startup_check(&master);
	run(&master);
	return 0;
}
