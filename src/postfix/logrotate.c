#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "global/config/instance.h"
#include "global/maillog/maillog_file.h"
#include "postfix/control.h"
#include "util/base/clock.h"
#include "util/log/log.h"

enum { SUFFIX_MAX = 256, QUIET_MS = 1000 };

/* "maillog.20261121-095833" (maillog_file_rotate_suffix) */
static void
put_old_name(struct buf *out, const char *path, const char *suffix)
{
	time_t now = clock_wall().tv_sec;
	char text[SUFFIX_MAX];
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL || strftime(text, sizeof(text), suffix, &tm) == 0)
		log_fatal("maillog_file_rotate_suffix = %s: no file name comes of this", suffix);
	buf_printf(out, "%s.%s", path, text);
}

/* The processes of now still write to the old file; they leave it with the reload. */
static void
reload(const struct control *control)
{
	const struct timespec quiet = { QUIET_MS / 1000, 0 };
	pid_t master;

	if (!instance_is_running(control->config, &master))
		return;
	if (kill(master, SIGHUP) == -1)
		log_fatal("signal process %ld: %s", (long)master, strerror(errno));
	nanosleep(&quiet, NULL);
}

static int
compress(const char *compressor, const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == -1)
		log_fatal("fork: %s", strerror(errno));
	if (pid == 0) {
		execlp(compressor, compressor, path, (char *)NULL);
		log_fatal("maillog_file_compressor = %s: %s", compressor, strerror(errno));
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return 1;
	return status == 0 ? 0 : 1;
}

int
control_logrotate(struct control *control)
{
	const char *path = control->settings.maillog_file;
	struct maillog_file file = { .path = path };
	struct buf old = BUF_INIT;

	if (path[0] == '\0' || maillog_file_is_stdout(&file))
		log_fatal("maillog_file = %s: there is no file to rotate", path);
	put_old_name(&old, path, control_setting(control, "maillog_file_rotate_suffix"));
	if (access(buf_c(&old), F_OK) == 0)
		log_fatal("%s exists", buf_c(&old));
	if (rename(path, buf_c(&old)) == -1)
		log_fatal("rename %s to %s: %s", path, buf_c(&old), strerror(errno));
	reload(control);
	return compress(control_setting(control, "maillog_file_compressor"), buf_c(&old));
}
