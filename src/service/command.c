#include "service/command.h"

#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "config.h"
#include "global/config/param.h"
#include "global/client/proxy.h"
#include "global/client/reindex.h"
#include "global/config/tables.h"
#include "global/maillog/postlog_sink.h"
#include "service/process_settings.h"
#include "table/match_list.h"
#include "util/log/log.h"
#include "util/process/process.h"

static const char *program;	/* the name that the log tag ends in */

bool
command_is_privileged(void)
{
	return getuid() != 0 && (getegid() != getgid() || geteuid() != getuid());
}

void
command_begin(const char *name)
{
	const struct param *imported = param_find(VIEW("import_environment"));
	struct buf tag = BUF_INIT;

	process_check_descriptors();
	signal(SIGCHLD, SIG_DFL);	/* whose parent ignores it would never hear how its own children ended */
	if (command_is_privileged())	/* before any library can look at it */
		process_clean_environment(imported != NULL ? imported->default_text : "");
	program = name;
	buf_printf(&tag, "postfix/%s", name);
	log_open(buf_c(&tag), LOG_MAIL);
	log_to_stderr(true);
	buf_fini(&tag);
}

void
command_verbose(void)
{
	if (!command_is_privileged())
		log_set_verbose(log_verbose() + 1);
}

static bool
listed(struct config *config, const char *parameter, const char *directory)
{
	const char *list = config_string(config, parameter, NULL);
	struct view rest = view_string(list), word;

	while (list != NULL && view_word(&rest, ", \t\r\n", &word))
		if (view_is(word, directory))
			return true;
	return false;
}

/* A user could make a set-gid program do anything by a configuration of his own. */
static void
require_authorised(const char *directory)
{
	struct buf why = BUF_INIT;
	struct config *built_in;
	bool allowed;

	if (strcmp(directory, DEFAULT_CONFIG_DIRECTORY) == 0)
		return;
	if ((built_in = config_load(DEFAULT_CONFIG_DIRECTORY, &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	allowed = listed(built_in, "alternate_config_directories", directory) ||
	    listed(built_in, "multi_instance_directories", directory);
	config_free(built_in);
	buf_fini(&why);
	if (!allowed)
		log_fatal("unauthorized configuration directory name: %s", directory);
}

/*
 * What all programs of a mail system count on, whether they use it or not: a number that makes no sense there is found by
 * the first command, and not by the first message.
 */
static void
check_common(struct config *config)
{
	static const char *const times[] = { "ipc_timeout", "trigger_timeout" };
	static const char *const flags[] = { "smtputf8_enable", "enable_long_queue_ids", "soft_bounce" };
	static const char *const numbers[] = { "hash_queue_depth", "line_length_limit", "header_size_limit" };
	long long size_max;
	const struct binding sizes[] = { { "message_size_limit", BINDING_LONG, 0 }, BIND_END };
	struct buf why = BUF_INIT;
	bool good = config_bind(config, sizes, &size_max, &why), flag;
	int number;

	for (size_t i = 0; i < ARRAY_COUNT(times) && good; i++)
		good = config_time(config, times[i], &number, &why);
	for (size_t i = 0; i < ARRAY_COUNT(flags) && good; i++)
		good = config_bool(config, flags[i], &flag, &why);
	for (size_t i = 0; i < ARRAY_COUNT(numbers) && good; i++)
		good = config_int(config, numbers[i], &number, &why);
	if (!good || !process_settings_apply(config, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

struct config *
command_config(const char *directory)
{
	struct buf why = BUF_INIT;
	struct config *config;

	if (directory != NULL && setenv("MAIL_CONFIG", directory, 1) == -1)
		log_fatal("setenv: %m");
	directory = getenv("MAIL_CONFIG");
	if (directory != NULL && command_is_privileged())
		require_authorised(directory);
	if ((config = config_load(directory, &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
	config_set_service(config, program, program);
	maillog_open(config, program);
	check_common(config);
	if (command_is_privileged()) {
		const char *imported = config_string(config, "import_environment", NULL);

		process_clean_environment(imported != NULL ? imported : "");
	}
	return config;
}

void
command_bind(struct config *config, const struct binding *bindings, void *out)
{
	struct buf why = BUF_INIT;

	if (!config_bind(config, bindings, out, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

void
command_enter_queue(struct config *config)
{
	struct buf why = BUF_INIT;
	const char *directory = config_string(config, "queue_directory", &why);

	if (directory == NULL)
		log_fatal("%s", buf_c(&why));
	if (chdir(directory) == -1)
		log_fatal("chdir %s: %m", directory);
	buf_fini(&why);
}

void
command_tables(struct config *config, struct table_env *env)
{
	struct buf why = BUF_INIT;
	const struct table_env *made = config_table_env(config, &why);

	if (made == NULL)
		log_fatal("%s", buf_c(&why));
	proxy_register();
	*env = *made;
	reindex_enable(env);
	buf_fini(&why);
}

const char *
command_user(void)
{
	const struct passwd *user = getpwuid(getuid());

	return user != NULL ? user->pw_name : "unknown";
}

/* The table that has every key: who it is need not be found out. */
static bool
lists_everybody(const char *names)
{
	return view_starts(view_string(names), VIEW("static:"));
}

bool
command_user_listed(struct config *config, const char *parameter)
{
	struct buf why = BUF_INIT;
	const char *names = config_string(config, parameter, &why);
	struct match_list *list;
	struct table_env env;
	enum lookup result;

	if (names == NULL)
		log_fatal("%s", buf_c(&why));
	if (lists_everybody(names))
		return true;
	command_tables(config, &env);
	list = match_list_open(&env, parameter, names, 0);
	result = match_list_string(list, view_string(command_user()));
	match_list_close(list);
	buf_fini(&why);
	if (result == LOOKUP_RETRY)
		log_fatal("%s: table lookup error", parameter);
	return result == LOOKUP_FOUND;
}
