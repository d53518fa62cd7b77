#include <stdio.h>

#include "postfix/run.h"
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

/* postconf, with these arguments. */
static bool
edit(const struct control *control, const char *option, const char *what)
{
	struct buf program = BUF_INIT, why = BUF_INIT;
	char in[] = "-c", *directory = mem_string(config_directory(control->config)), *none = NULL;
	char *words = mem_string(what), *how = mem_string(option);
	char *argv[] = { NULL, in, directory, how, words, NULL };
	const struct process_spec spec = { .argv = argv, .environment = &none, .input = -1, .output = 1, .error = 2 };
	struct process_outcome outcome;
	pid_t pid;

	buf_printf(&program, "%s/postconf", control->settings.command_directory);
	argv[0] = program.data;
	if ((pid = process_start(&spec, &why)) == -1)
		log_fatal("%s", buf_c(&why));
	outcome = process_wait(pid, CLOCK_NEVER);
	mem_free(directory);
	mem_free(words);
	mem_free(how);
	buf_fini(&program);
	return outcome.result == PROCESS_EXITED && outcome.status == 0;
}

static int
set_level(const struct control *control, const char *level)
{
	const char *service = setting(control, "non_bdb_migration_service_name");
	struct buf assignment = BUF_INIT, entry = BUF_INIT;
	bool done = true;

	buf_printf(&assignment, "non_bdb_migration_level=%s", level);
	buf_printf(&entry, "%s/unix=%s unix - n n - 1 nbdb_reindexd", service, service);
	if (strcmp(level, "enable-reindex") == 0)
		done = edit(control, "-M", buf_c(&entry));
	done = done && edit(control, "-e", buf_c(&assignment));
	buf_fini(&assignment);
	buf_fini(&entry);
	return done ? 0 : 1;
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
	const char *wanted = control->arguments[0];

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
