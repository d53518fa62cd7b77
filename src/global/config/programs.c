#include "global/config/programs.h"

#include "util/process/stamp.h"

/* The file's own name is enough: everybody knows where main.cf is. */
static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool
programs_are_ours(struct config *config, struct buf *why)
{
	/* Those that every release has; what else lies there may be anybody's. */
	static const char *const programs[] = { "master", "pickup", "qmgr", "cleanup", "smtpd", "smtp", "local", "bounce",
		NULL };
	const char *directory = config_string(config, "daemon_directory", why);

	if (directory == NULL)
		return false;
	if (stamp_directory_is_ours(directory, programs))
		return true;
	why_set(why, "daemon_directory = %s (%s) holds programs of another mail system", directory,
	    base_name(config_where(config, "daemon_directory")));
	return false;
}
