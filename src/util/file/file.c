#include "util/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { READ_BLOCK = 16384, REPLACE_WAIT_MS = 60 * 1000 };

int
file_open(const char *path, int flags, mode_t mode, struct buf *why)
{
	int fd = open(path, flags | O_CLOEXEC, mode);

	if (fd == -1)
		why_set(why, "open %s: %s", path, strerror(errno));
	return fd;
}

/* May root trust a symbolic link here? Only where root alone can make one. */
static bool
link_trusted(const char *path)
{
	char *copy = mem_string(path);
	struct stat link, directory;
	bool trusted = lstat(path, &link) == 0 && link.st_uid == 0 && stat(dirname(copy), &directory) == 0 &&
	    directory.st_uid == 0 && (directory.st_mode & (S_IWGRP | S_IWOTH)) == 0;

	mem_free(copy);
	return trusted;
}

static const char *
what_is_wrong(const struct stat *st, uid_t owner)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_nlink != 1)
		return "file has more than one name";
	if (owner != (uid_t)-1 && st->st_uid != owner)
		return "file has another owner";
	return NULL;
}

int
file_open_checked(const char *path, int flags, mode_t mode, uid_t owner, struct stat *st, struct buf *why)
{
	struct stat before = { 0 };
	bool is_link = lstat(path, &before) == 0 && S_ISLNK(before.st_mode);
	const char *wrong;
	int fd;

	if (is_link && !link_trusted(path)) {
		errno = EPERM;
		why_set(why, "open %s: symbolic link in a place that others can write", path);
		return -1;
	}
	fd = file_open(path, flags | O_NONBLOCK | O_NOCTTY | (is_link ? 0 : O_NOFOLLOW), mode, why);
	if (fd == -1)
		return -1;
	wrong = fstat(fd, st) == -1 ? strerror(errno) : what_is_wrong(st, owner);
	if (wrong == NULL && !is_link && before.st_ino != 0 && (before.st_ino != st->st_ino || before.st_dev != st->st_dev))
		wrong = "file changed while it was opened";
	if (wrong != NULL) {
		close(fd);
		errno = EPERM;
		why_set(why, "open %s: %s", path, wrong);
		return -1;
	}
	fd_set_nonblocking(fd, false);
	return fd;
}

bool
file_read_fd(int fd, size_t limit, struct buf *out, struct buf *why)
{
	size_t start = out->len;
	ssize_t n;

	for (;;) {
		n = read(fd, buf_reserve(out, READ_BLOCK), READ_BLOCK);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			why_set(why, "read: %s", strerror(errno));
		if (n <= 0)
			return n == 0;
		buf_added(out, (size_t)n);
		if (out->len - start > limit) {
			errno = EFBIG;
			why_set(why, "larger than %zu bytes", limit);
			return false;
		}
	}
}

bool
file_read_all(const char *path, size_t limit, struct buf *out, struct buf *why)
{
	struct buf reason = BUF_INIT;
	int fd = file_open(path, O_RDONLY, 0, why), error;
	bool ok;

	if (fd == -1)
		return false;
	ok = file_read_fd(fd, limit, out, &reason);
	error = errno;
	close(fd);
	errno = error;
	if (!ok)
		why_set(why, "%s: %s", path, buf_c(&reason));
	buf_fini(&reason);
	return ok;
}

bool
file_write_all(int fd, struct view v, struct buf *why)
{
	ssize_t n;

	while (v.len > 0) {
		n = write(fd, v.data, v.len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			why_set(why, "write: %s", strerror(errno));
			return false;
		}
		v = view_slice(v, (size_t)n, v.len);
	}
	return true;
}

bool
file_pread_all(int fd, void *data, size_t len, off_t at)
{
	char *to = data;
	ssize_t n;

	while (len > 0) {
		n = pread(fd, to, len, at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = 0;
		if (n <= 0)
			return false;
		to += n;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool
file_pwrite_all(int fd, const void *data, size_t len, off_t at)
{
	const char *from = data;
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, from, len, at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		from += n;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool
file_sync_directory(const char *path_of_file, struct buf *why)
{
	char *copy = mem_string(path_of_file);
	int fd = file_open(dirname(copy), O_RDONLY | O_DIRECTORY, 0, why);
	bool ok = fd != -1 && (fsync(fd) == 0 || errno == EINVAL || errno == EOPNOTSUPP);

	if (fd != -1 && !ok)
		why_set(why, "fsync directory of %s: %s", path_of_file, strerror(errno));
	if (fd != -1)
		close(fd);
	mem_free(copy);
	return ok;
}

bool
file_names_keep_order(int fd, int other)
{
	struct stat one, two;
	struct statfs system;

	if (fstat(fd, &one) == -1 || fstat(other, &two) == -1 || one.st_dev != two.st_dev || fstatfs(fd, &system) == -1)
		return false;
	switch (system.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return true;
	default:
		return false;
	}
}

/* The new file gets the rights of the old one before it holds anything. */
static bool
write_beside(int fd, const char *path, struct view content, mode_t mode, struct buf *why)
{
	struct stat old;
	bool exists = stat(path, &old) == 0;

	if (exists && fchown(fd, old.st_uid, old.st_gid) == -1 && errno != EPERM) {
		why_set(why, "chown %s.tmp: %s", path, strerror(errno));
		return false;
	}
	if (fchmod(fd, exists ? old.st_mode & 07777 : mode) == -1) {
		why_set(why, "chmod %s.tmp: %s", path, strerror(errno));
		return false;
	}
	if (!file_write_all(fd, content, why))
		return false;
	if (fsync(fd) == -1) {
		why_set(why, "fsync %s.tmp: %s", path, strerror(errno));
		return false;
	}
	return true;
}

enum opened { OPENED, OPENED_ANOTHER, OPENED_NOTHING };

/* Another may have made it the real file meanwhile; and what was put here by others is not written to. */
static enum opened
look_at_temporary(int fd, const char *path)
{
	struct stat opened, named;

	if (fd == -1 || fstat(fd, &opened) == -1 || lstat(path, &named) == -1)
		return fd == -1 && (errno == ELOOP || errno == ENXIO) ? OPENED_NOTHING : OPENED_ANOTHER;
	if (opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)
		return OPENED_ANOTHER;
	return S_ISREG(opened.st_mode) && opened.st_nlink == 1 && opened.st_uid == geteuid() ? OPENED : OPENED_NOTHING;
}

/* The locked file; -1 with errno EAGAIN: try again. */
static int
open_temporary(const char *path, msec_t deadline, struct buf *why)
{
	int fd = file_open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600, why);
	enum opened result;

	if (fd == -1 && errno != ELOOP && errno != ENXIO)
		return -1;
	if (fd != -1 && !file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, deadline)) {
		why_set(why, "lock %s: somebody else is changing this file: %s", path, strerror(errno));
		close(fd);
		errno = ETIMEDOUT;
		return -1;
	}
	result = look_at_temporary(fd, path);
	if (result == OPENED && ftruncate(fd, 0) == 0)
		return fd;
	if (result == OPENED_NOTHING)
		unlink(path);
	if (fd != -1)
		close(fd);
	errno = EAGAIN;
	return -1;
}

int
file_edit_begin(const char *path, msec_t deadline, struct buf *why)
{
	struct buf temporary = BUF_INIT;
	int fd;

	buf_printf(&temporary, "%s.tmp", path);
	do
		fd = open_temporary(buf_c(&temporary), deadline, why);
	while (fd == -1 && errno == EAGAIN && clock_now() < deadline);
	buf_fini(&temporary);
	return fd;
}

void
file_edit_cancel(int fd, const char *path)
{
	struct buf temporary = BUF_INIT;

	buf_printf(&temporary, "%s.tmp", path);
	unlink(buf_c(&temporary));
	close(fd);		/* and unlocks, when nobody can find it any more */
	buf_fini(&temporary);
}

static bool
publish(const char *path, struct buf *why)
{
	struct buf temporary = BUF_INIT;
	bool done;

	buf_printf(&temporary, "%s.tmp", path);
	done = rename(buf_c(&temporary), path) == 0;
	if (!done)
		why_set(why, "rename %s: %s", buf_c(&temporary), strerror(errno));
	buf_fini(&temporary);
	return done;
}

bool
file_edit_end(int fd, const char *path, struct view content, mode_t mode, struct buf *why)
{
	if (!write_beside(fd, path, content, mode, why) || !publish(path, why)) {
		file_edit_cancel(fd, path);
		return false;
	}
	close(fd);
	return file_sync_directory(path, why);
}

bool
file_replace(const char *path, struct view content, mode_t mode, struct buf *why)
{
	int fd = file_edit_begin(path, clock_now() + REPLACE_WAIT_MS, why);

	return fd != -1 && file_edit_end(fd, path, content, mode, why);
}

bool
file_make_directories(const char *path, mode_t mode, struct buf *why)
{
	char *copy = mem_string(path);
	bool ok = true;

	for (char *slash = strchr(copy + 1, '/'); ok; slash = strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		ok = mkdir(copy, mode) == 0 || errno == EEXIST;
		if (!ok)
			why_set(why, "mkdir %s: %s", copy, strerror(errno));
		if (slash == NULL)
			break;
		*slash = '/';
	}
	mem_free(copy);
	return ok;
}

static bool
lock_once(int fd, enum file_lock_style style, enum file_lock_kind kind)
{
	static const int flock_ops[] = { LOCK_SH | LOCK_NB, LOCK_EX | LOCK_NB, LOCK_UN };
	static const short fcntl_types[] = { F_RDLCK, F_WRLCK, F_UNLCK };
	struct flock range = { .l_type = fcntl_types[kind], .l_whence = SEEK_SET };

	if (style == FILE_LOCK_FLOCK)
		return flock(fd, flock_ops[kind]) == 0;
	return fcntl(fd, F_SETLK, &range) == 0;
}

bool
file_lock(int fd, enum file_lock_style style, enum file_lock_kind kind, msec_t deadline)
{
	enum { RETRY_MS = 10 };

	while (!lock_once(fd, style, kind)) {
		if (errno == EACCES || errno == EWOULDBLOCK)
			errno = EAGAIN;
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if (deadline == 0 || (deadline != CLOCK_NEVER && clock_now() >= deadline))
			return false;
		poll(NULL, 0, RETRY_MS);
	}
	return true;
}

bool
fd_set_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);
	int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;

	return flags != -1 && (flags == wanted || fcntl(fd, F_SETFL, wanted) == 0);
}

bool
fd_set_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) == 0;
}

bool
fd_wait(int fd, short events, msec_t deadline)
{
	struct pollfd wait = { fd, events, 0 };
	int n;

	while ((n = poll(&wait, 1, clock_poll_ms(deadline))) <= 0) {
		if (n == -1 && errno != EINTR)
			return false;
		if (deadline != CLOCK_NEVER && clock_now() >= deadline) {
			errno = ETIMEDOUT;
			return false;
		}
	}
	return true;
}
