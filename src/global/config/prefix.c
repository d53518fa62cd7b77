/*
 * POSTHASTE_PREFIX: an installation that lies beside the mail system whose main.cf it uses. The directories of programs
 * and modules that main.cf names, or that are built in, are those of the other one; ours are below the prefix.
 */
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <config.h>	/* the build's own, not that of this folder */
#include "global/config/internal.h"

static const struct {
	const char *name, *built_in;
} places[] = {
	{ "daemon_directory",	DEFAULT_DAEMON_DIRECTORY },
	{ "command_directory",	DEFAULT_COMMAND_DIRECTORY },
	{ "shlib_directory",	DEFAULT_SHLIB_DIRECTORY },
	{ "sendmail_path",	DEFAULT_SENDMAIL_PATH },
	{ "mailq_path",		DEFAULT_MAILQ_PATH },
	{ "newaliases_path",	DEFAULT_NEWALIASES_PATH },
};

/* Whoever else could name one could have set-gid programs of ours run his. */
static bool
is_ours(const struct config *config)
{
	struct stat st;

	if (getauxval(AT_SECURE) != 0 || geteuid() != getuid())
		return false;
	return geteuid() == 0 || (stat(config->directory, &st) == 0 && st.st_uid == geteuid());
}

void
config_apply_prefix(struct config *config)
{
	const char *prefix = getenv(PREFIX_ENV);
	struct buf path = BUF_INIT;

	if (prefix == NULL || prefix[0] != '/' || !is_ours(config))
		return;
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		buf_reset(&path);
		buf_printf(&path, "%s%s", prefix, places[i].built_in);
		config_add(config, view_string(places[i].name), buf_view(&path), SETTING_OF_PREFIX);
	}
	buf_fini(&path);
}
