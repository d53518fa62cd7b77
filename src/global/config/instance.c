#include "global/config/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file/file.h"

static bool
read_pid(int fd, pid_t *pid)
{
	struct buf text = BUF_INIT;
	unsigned long long n = 0;
	bool good = file_read_fd(fd, 64, &text, NULL) && view_number(view_trim(buf_view(&text)), &n) && n <= INT32_MAX;

	*pid = good ? (pid_t)n : 0;
	buf_fini(&text);
	return good;
}

bool
instance_is_running(struct config *config, pid_t *master)
{
	const char *queue = config_string(config, "queue_directory", NULL);
	const char *pids = queue != NULL ? config_string(config, "process_id_directory", NULL) : NULL;
	struct buf path = BUF_INIT;
	bool running = false;
	int fd;

	*master = 0;
	if (pids == NULL)
		return false;
	buf_printf(&path, "%s/%s/master.pid", queue, pids);
	if ((fd = file_open(buf_c(&path), O_RDONLY | O_NOFOLLOW, 0, NULL)) != -1) {
		running = !file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_SHARED, 0);
		if (running)
			read_pid(fd, master);
		close(fd);
	}
	buf_fini(&path);
	return running;
}

static bool
is_ours(const char *path, struct buf *why)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_uid == geteuid())
		return true;
	why_set(why, "only root may run this mail system: %s is not yours", path);
	return false;
}

bool
instance_may_run(struct config *config, struct buf *why)
{
	const char *queue, *pids;
	struct buf path = BUF_INIT;
	bool may;

	if (geteuid() == 0)
		return true;
	if ((queue = config_string(config, "queue_directory", why)) == NULL ||
	    (pids = config_string(config, "process_id_directory", why)) == NULL)
		return false;
	buf_printf(&path, "%s/%s", queue, pids);
	may = is_ours(queue, why) && (is_ours(buf_c(&path), why) || access(buf_c(&path), F_OK) == -1) &&
	    is_ours(config_directory(config), why);
	buf_fini(&path);
	return may;
}
