/*
 * postfix: starts, stops and looks after an instance, see postfix(1).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/config/compatibility.h"
#include "global/config/instance.h"
#include "global/config/main_cf.h"
#include "global/config/programs.h"
#include "global/maillog/maillog_file.h"
#include "postfix/control.h"
#include "service/command.h"
#include "util/log/log.h"

enum { WRAPPER_WORDS_MAX = 64 };

enum {
	NEEDS_PROGRAMS = 1 << 0,	/* ours, in daemon_directory */
	MAKES_QUEUE = 1 << 1,		/* queue_directory may be missing */
	HAS_ARGUMENT = 1 << 2,		/* exactly one */
	HAS_ARGUMENTS = 1 << 3,		/* any number */
	HAS_SETTINGS = 1 << 4,		/* name=value, which count as if main.cf said so */
	ONE_INSTANCE = 1 << 5,		/* never of all instances */
};

static const struct command {
	const char *name;
	int (*run)(struct control *control);
	unsigned flags;
} commands[] = {
	{ "start",	control_start,			NEEDS_PROGRAMS | MAKES_QUEUE },
	{ "start-fg",	control_start_foreground,	NEEDS_PROGRAMS | MAKES_QUEUE | ONE_INSTANCE },
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
	{ "tls",	control_tls,			HAS_ARGUMENTS | MAKES_QUEUE },
	{ "set-permissions",		control_set_permissions,	HAS_SETTINGS | MAKES_QUEUE },
	{ "upgrade-configuration",	control_upgrade,		HAS_SETTINGS | MAKES_QUEUE },
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
check_arguments(const struct command *command, char **arguments)
{
	size_t count = 0;

	for (; arguments[count] != NULL; count++)
		if ((command->flags & HAS_SETTINGS) != 0 && strchr(arguments[count], '=') == NULL)
			log_fatal("usage: postfix [-c config_dir] %s [name=value ...]", command->name);
	if ((command->flags & HAS_ARGUMENT) != 0 ? count != 1 :
	    (command->flags & (HAS_ARGUMENTS | HAS_SETTINGS)) == 0 && count != 0)
		usage();
}

static void
lay_over(struct control *control)
{
	struct buf why = BUF_INIT;
	struct view name, value;

	for (char **each = control->arguments; *each != NULL; each++) {
		if (!main_cf_split(view_string(*each), &name, &value, &why))
			log_fatal("%s", buf_c(&why));
		config_override(control->config, name, value);
	}
	buf_fini(&why);
}

/*
 * Several instances on this host: whoever names none means all, and the wrapper asks us again for each of them, with
 * MAIL_CONFIG set.
 */
static void
hand_to_wrapper(const struct control *control, const struct command *command)
{
	struct buf why = BUF_INIT;
	const char *wrapper = config_string(control->config, "multi_instance_wrapper", &why);
	char *argv[WRAPPER_WORDS_MAX + 1];
	struct view rest = view_string(wrapper), word;
	struct arena arena;
	size_t n = 0;

	if (wrapper == NULL)
		log_fatal("%s", buf_c(&why));
	if (*wrapper == '\0')
		return;
	if ((command->flags & ONE_INSTANCE) != 0)
		log_fatal("%s is for one instance only: name it by -c", command->name);
	arena_init(&arena);
	while (n < WRAPPER_WORDS_MAX / 2 && view_word(&rest, " \t", &word))
		argv[n++] = arena_string(&arena, word);
	argv[n++] = arena_string(&arena, view_string(command->name));
	for (char **each = control->arguments; *each != NULL && n < WRAPPER_WORDS_MAX; each++)
		argv[n++] = *each;
	argv[n] = NULL;
	execv(argv[0], argv);
	log_fatal("multi_instance_wrapper = %s: %s", wrapper, strerror(errno));
}

static void
load(struct control *control, const struct command *command, const char *directory)
{
	bool named = directory != NULL || getenv("MAIL_CONFIG") != NULL;
	struct maillog_file log;
	struct buf why = BUF_INIT;

	control->config = command_config(directory);
	if (!named)
		hand_to_wrapper(control, command);
	if ((command->flags & HAS_SETTINGS) != 0)
		lay_over(control);
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

static void
warn_old_defaults(const struct control *control)
{
	if (!compatibility_below(control->config, COMPATIBILITY_LATEST))
		return;
	log_info("Postfix is using backwards-compatible default settings");
	log_info("See compatibility_level in postconf(5) for details");
	log_info("To disable backwards compatibility use \"postconf compatibility_level=%s\" and \"postfix reload\"",
	    COMPATIBILITY_LATEST);
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
	log_stderr_as("postlog");	/* the two names that scripts and log readers know these lines by */
	directory = read_options(&control, argc, argv);
	for_all = directory == NULL && getenv("MAIL_CONFIG") == NULL;
	command = find_command(argv[optind]);
	control.arguments = argv + optind + 1;
	check_arguments(command, control.arguments);
	load(&control, command, directory);
	if (for_all)
		control_wrap(&control, argv + optind);
	warn_old_defaults(&control);
	control.privileged = geteuid() == 0;
	if (command->flags & NEEDS_PROGRAMS)
		check_programs(&control);
	if (chdir(control.settings.queue_directory) == -1 && (command->flags & MAKES_QUEUE) == 0)
		log_fatal("chdir %s: no queue directory", control.settings.queue_directory);
	return command->run(&control);
}
