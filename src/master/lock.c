#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "master/lock.h"
#include "util/file/file.h"

/* The pid, right-aligned in 32 columns: rewriting it never leaves digits of another behind. */
static bool
write_pid(int fd, struct buf *why)
{
	struct buf text = BUF_INIT;
	bool written;

	buf_printf(&text, "%32ld\n", (long)getpid());
	written = ftruncate(fd, 0) == 0 && file_pwrite_all(fd, text.data, text.len, 0);
	if (!written)
		why_set(why, "write pid file: %s", strerror(errno));
	buf_fini(&text);
	return written;
}

static bool
take(int fd, const char *path, struct buf *why)
{
	if (file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0))
		return true;
	why_set(why, "another mail system is running: %s is locked", path);
	close(fd);
	return false;
}

/* The descriptors stay open, and with them the locks, as long as we live. */
static bool
take_pid_file(const struct supervisor *master, struct buf *why)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int fd;

	buf_printf(&path, "%s/master.pid", master->settings.process_id_directory);
	fd = file_open_checked(buf_c(&path), O_RDWR | O_CREAT, 0644, (uid_t)-1, &st, why);
	if (fd != -1 && (!take(fd, buf_c(&path), why) || !write_pid(fd, why)))
		fd = -1;
	buf_fini(&path);
	return fd != -1;
}

/* As mail_owner: the directory is his, and so is the file. */
static bool
take_data_lock(const struct supervisor *master, struct buf *why)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int fd;

	buf_printf(&path, "%s/master.lock", master->settings.data_directory);
	if (master->privileged)
		identity_assume(&master->owner);
	fd = file_open_checked(buf_c(&path), O_RDWR | O_CREAT, 0600, master->owner.uid, &st, why);
	if (master->privileged)
		identity_restore();
	if (fd != -1 && !take(fd, buf_c(&path), why))
		fd = -1;
	buf_fini(&path);
	return fd != -1;
}

bool
lock_take(const struct supervisor *master, struct buf *why)
{
	return take_pid_file(master, why) && take_data_lock(master, why);
}
