/*
 * postfix: starts, stops and looks after an instance, see postfix(1).
 */
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/config/instance.h"
#include "global/config/programs.h"
#include "global/maillog/maillog_file.h"
#include "postfix/control.h"
#include "service/command.h"
#include "util/log/log.h"

enum {
	NEEDS_PROGRAMS = 1 << 0,	/* ours, in daemon_directory */
	MAKES_QUEUE = 1 << 1,		/* queue_directory may be missing */
	HAS_ARGUMENT = 1 << 2,
};

static const struct command {
	const char *name;
	int (*run)(struct control *control);
	unsigned flags;
} commands[] = {
	{ "start",	control_start,			NEEDS_PROGRAMS | MAKES_QUEUE },
	{ "start-fg",	control_start_foreground,	NEEDS_PROGRAMS | MAKES_QUEUE },
	{ "stop",	control_stop,			0 },
	{ "drain",	control_stop,			0 },		/* the name it had when it meant less */
	{ "quick-stop",	control_quick_stop,		0 },
	{ "abort",	control_abort,			0 },
	{ "reload",	control_reload,			NEEDS_PROGRAMS },
	{ "flush",	control_flush,			0 },
	{ "status",	control_status,			0 },
	{ "check",	control_check,			NEEDS_PROGRAMS | MAKES_QUEUE },
	{ "logrotate",	control_logrotate,		0 },
	{ "non-bdb",	control_non_bdb,		HAS_ARGUMENT | MAKES_QUEUE },
};

static const struct binding bindings[] = {
	BIND_STRING(struct postfix_settings, queue_directory, "queue_directory"),
	BIND_STRING(struct postfix_settings, data_directory, "data_directory"),
	BIND_STRING(struct postfix_settings, daemon_directory, "daemon_directory"),
	BIND_STRING(struct postfix_settings, command_directory, "command_directory"),
	BIND_STRING(struct postfix_settings, mail_owner, "mail_owner"),
	BIND_STRING(struct postfix_settings, setgid_group, "setgid_group"),
	BIND_STRING(struct postfix_settings, maillog_file, "maillog_file"),
	BIND_END
};

static void __attribute__((noreturn))
usage(void)
{
	log_fatal("usage: postfix [-c config_dir] [-Dv] command");
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	log_fatal("unknown command: '%s'", name);
}

/* Returns the configuration directory, or NULL. */
static const char *
read_options(struct control *control, int argc, char **argv)
{
	const char *directory = NULL;
	int option;

	while ((option = getopt(argc, argv, "+c:Dv")) != -1) {
		switch (option) {
		case 'c':
			directory = optarg;
			break;
		case 'D':
			control->debugger = true;
			break;
		case 'v':
			control->verbose++;
			break;
		default:
			usage();
		}
	}
	if (optind == argc)
		usage();
	return directory;
}

static void
load(struct control *control, const char *directory)
{
	struct maillog_file log;
	struct buf why = BUF_INIT;

	control->config = command_config(directory);
	command_bind(control->config, bindings, &control->settings);
	if (!maillog_file_bind(control->config, &log, &why) || !maillog_file_allowed(&log, &why) ||
	    !instance_may_run(control->config, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
	setenv("MAIL_CONFIG", config_directory(control->config), 1);
}

static void
check_programs(const struct control *control)
{
	struct buf why = BUF_INIT;

	if (!programs_are_ours(control->config, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

int
main(int argc, char **argv)
{
	struct control control = { 0 };
	const struct command *command;
	const char *directory;
	bool for_all;

	umask(022);
	command_begin("postfix-script");
	directory = read_options(&control, argc, argv);
	for_all = directory == NULL && getenv("MAIL_CONFIG") == NULL;
	command = find_command(argv[optind]);
	if (argc - optind != (command->flags & HAS_ARGUMENT ? 2 : 1))
		usage();
	control.argument = argv[optind + 1];
	load(&control, directory);
	if (for_all)
		control_wrap(&control, argv + optind);
	control.privileged = geteuid() == 0;
	if (command->flags & NEEDS_PROGRAMS)
		check_programs(&control);
	if (chdir(control.settings.queue_directory) == -1 && (command->flags & MAKES_QUEUE) == 0)
		log_fatal("chdir %s: no queue directory", control.settings.queue_directory);
	return command->run(&control);
}
