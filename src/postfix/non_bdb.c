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

static int
set_level(const struct control *control, const char *level)
{
	struct buf assignment = BUF_INIT;
	const char *arguments[] = { "-e", NULL, NULL };
	int status;

	buf_printf(&assignment, "non_bdb_migration_level=%s", level);
	arguments[1] = buf_c(&assignment);
	status = run_postconf(control, arguments);
	buf_fini(&assignment);
	return status;
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
