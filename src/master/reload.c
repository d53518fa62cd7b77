#include "master/reload.h"

#include <signal.h>
#include <unistd.h>

#include "global/config/snapshot.h"
#include "global/maillog/postlog_sink.h"
#include "master/service_table.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"

/* The first value lasts until stop. */
static void
fix(char **first, const char **now, const char *name)
{
	if (*first == NULL)
		*first = mem_string(*now);
	else if (strcmp(*first, *now) != 0)
		log_warn("to change %s, stop and start the mail system: going on with \"%s\"", name, *first);
	*now = *first;
}

static void
fix_settings(struct supervisor *master)
{
	fix(&master->queue_directory, &master->settings.queue_directory, "queue_directory");
	fix(&master->inet_interfaces, &master->settings.inet_interfaces, "inet_interfaces");
	fix(&master->inet_protocols, &master->settings.inet_protocols, "inet_protocols");
}

bool
reload_settings(struct supervisor *master, struct buf *why)
{
	struct master_settings settings;
	struct config *config = config_load(master->options.config_directory, why);

	if (config == NULL)
		return false;
	if (!config_bind(config, master_bindings, &settings, why)) {
		config_free(config);
		return false;
	}
	master->config = config;
	master->settings = settings;
	inet_set_window(settings.tcp_window);
	fix_settings(master);
	return true;
}

/* The settings of before are given up only when the table is good, too. */
static bool
reload(struct supervisor *master, struct buf *why)
{
	struct config *old_config = master->config;
	struct master_settings old_settings = master->settings;

	if (!reload_settings(master, why))
		return false;
	if (service_table_load(master, why)) {
		config_free(old_config);
		return true;
	}
	config_free(master->config);
	master->config = old_config;
	master->settings = old_settings;
	return false;
}

/* Without a snapshot children read the file themselves. */
static void
make_snapshot(struct supervisor *master)
{
	if (master->snapshot != -1)
		close(master->snapshot);
	master->snapshot = snapshot_make(master->config, NULL);
}

/* Scripts wait for the line before they go on: by then all processes of before have been told to leave. */
static void
hang_up(int signal_number, void *arg)
{
	struct supervisor *master = arg;
	struct buf why = BUF_INIT;
	bool good = reload(master, &why);

	if (good) {
		postlog_sink_open(master->config);
		make_snapshot(master);
		service_table_start(master);
	}
	log_info("reload -- version %s, configuration %s", master->settings.mail_version,
	    config_directory(master->config));
	if (!good)
		log_error("reload refused, going on as before: %s", buf_c(&why));
	buf_fini(&why);
}

void
reload_init(struct supervisor *master)
{
	make_snapshot(master);
	loop_signal(master->loop, SIGHUP, hang_up, master);
}
