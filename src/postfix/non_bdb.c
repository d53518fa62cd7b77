#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "postfix/control.h"
#include "util/log/log.h"

/* postfix non-bdb: away from Berkeley DB (table/redirect.h does what the level says). */

static const char *
setting(const struct control *control, const char *name)
{
	struct buf why = BUF_INIT;
	const char *value = config_string(control->config, name, &why);

	if (value == NULL)
		log_fatal("%s", buf_c(&why));
	return value;
}

static int
set_level(const struct control *control, const char *level)
{
	struct buf program = BUF_INIT, assignment = BUF_INIT, why = BUF_INIT;
	char in[] = "-c", edit[] = "-e", *directory = mem_string(config_directory(control->config)), *none = NULL;
	char *argv[] = { NULL, in, directory, edit, NULL, NULL };
	const struct process_spec spec = { .argv = argv, .environment = &none, .input = -1, .output = 1, .error = 2 };
	struct process_outcome outcome;
	pid_t pid;

	buf_printf(&program, "%s/postconf", control->settings.command_directory);
	buf_printf(&assignment, "non_bdb_migration_level=%s", level);
	argv[0] = program.data;
	argv[4] = assignment.data;
	if ((pid = process_start(&spec, &why)) == -1)
		log_fatal("%s", buf_c(&why));
	outcome = process_wait(pid, CLOCK_NEVER);
	mem_free(directory);
	buf_fini(&program);
	buf_fini(&assignment);
	return outcome.result == PROCESS_EXITED && outcome.status == 0 ? 0 : 1;
}

/* Redirected to Berkeley DB again, nothing would be won. */
static void
require_other_types(const struct control *control)
{
	static const char *const names[] = { "default_database_type", "default_cache_db_type" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		const char *type = setting(control, names[i]);

		if (strcmp(type, "hash") == 0 || strcmp(type, "btree") == 0)
			log_fatal("%s = %s: first choose another type, as in: postconf %s=lmdb", names[i], type, names[i]);
	}
}

int
control_non_bdb(struct control *control)
{
	const char *wanted = control->argument;

	if (strcmp(wanted, "status") == 0) {
		printf("%s\n", setting(control, "non_bdb_migration_level"));
		return fflush(stdout) == 0 ? 0 : 1;
	}
	if (strcmp(wanted, "enable-redirect") == 0 || strcmp(wanted, "enable-reindex") == 0)
		require_other_types(control);
	else if (strcmp(wanted, "disable") != 0)
		log_fatal("usage: postfix non-bdb status|disable|enable-redirect|enable-reindex");
	return set_level(control, wanted);
}
