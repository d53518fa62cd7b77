#include "global/config/programs.h"

#include "util/process/stamp.h"

/* "/etc/postfix/main.cf, line 12" → "main.cf:12" */
static void
put_place(struct buf *out, const char *where)
{
	const char *slash = strrchr(where, '/');
	struct view file, line;

	if (view_split(view_string(slash != NULL ? slash + 1 : where), ',', &file, &line) &&
	    view_starts(line, VIEW(" line ")))
		buf_printf(out, "%.*s:%.*s", VIEW_ARG(file), VIEW_ARG(view_slice(line, 6, line.len)));
	else
		buf_puts(out, where);
}

bool
programs_are_ours(struct config *config, struct buf *why)
{
	/* Those that every release has; what else lies there may be anybody's. */
	static const char *const programs[] = { "master", "pickup", "qmgr", "cleanup", "smtpd", "smtp", "local", "bounce",
		NULL };
	struct buf place = BUF_INIT;
	const char *directory = config_string(config, "daemon_directory", why);

	if (directory == NULL)
		return false;
	if (stamp_directory_is_ours(directory, programs))
		return true;
	put_place(&place, config_where(config, "daemon_directory"));
	why_set(why, "daemon_directory = %s (%s) holds programs of another mail system", directory, buf_c(&place));
	buf_fini(&place);
	return false;
}
