#include "flush/site_log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "global/address/address.h"
#include "util/base/hash.h"
#include "util/file/file.h"
#include "util/text/chars.h"

enum { LIST_MAX = 64 * 1024 * 1024, LOCK_WAIT_MS = 10000 };

bool
site_log_name(struct view site, struct buf *out)
{
	buf_reset(out);
	if (!domain_valid_mail(site) || !domain_to_ascii(site, out))
		return false;
	buf_lower(out);
	for (size_t i = 0; i < out->len; i++)
		if (!char_is(out->data[i], CHAR_ALPHA | CHAR_DIGIT))
			out->data[i] = '_';
	return queue_flush_name_valid(buf_view(out));
}

enum site_log_age
site_log_age(const char *path, int refresh_sec, int purge_sec)
{
	struct stat st;
	time_t now = clock_wall().tv_sec;

	if (lstat(path, &st) == -1 || !S_ISREG(st.st_mode))
		return SITE_LOG_KEEP;
	if (st.st_size == 0)
		return st.st_mtime + purge_sec < now ? SITE_LOG_EMPTY : SITE_LOG_KEEP;
	return st.st_atime + refresh_sec < now ? SITE_LOG_UNREAD : SITE_LOG_KEEP;
}

/* Locked, and still the file of that name: -1 otherwise, with ENOENT when it was removed meanwhile. */
static int
open_locked(const char *path, int flags, struct buf *why)
{
	struct stat st;
	int fd = file_open(path, flags | O_NOFOLLOW, 0600, why);

	if (fd == -1)
		return -1;
	if (!file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, clock_deadline(LOCK_WAIT_MS)) || fstat(fd, &st) == -1) {
		why_set(why, "%s: cannot lock: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	if (st.st_nlink > 0)
		return fd;
	close(fd);
	why_set(why, "%s: removed", path);
	errno = ENOENT;
	return -1;
}

static int
open_for_appending(const char *path, struct buf *why)
{
	enum { TRIES = 3 };
	int fd = -1;

	for (int i = 0; i < TRIES && fd == -1; i++)
		if ((fd = open_locked(path, O_WRONLY | O_APPEND | O_CREAT, why)) == -1 &&
		    (errno != ENOENT || !queue_make_directories(path, why)))
			break;
	return fd;
}

bool
site_log_append(const char *path, struct view queue_id, struct buf *why)
{
	struct buf line = BUF_INIT;
	int fd = open_for_appending(path, why);
	bool ok;

	if (fd == -1)
		return false;
	buf_putv(&line, queue_id);
	buf_putc(&line, '\n');
	ok = file_write_all(fd, buf_view(&line), why);
	buf_fini(&line);
	close(fd);
	return ok;
}

static void
each_once(struct view list, site_log_each *each, void *arg)
{
	struct hash *seen = hash_new();
	struct view id;

	while (view_word(&list, "\n", &id))
		if (queue_id_valid(id) && hash_put(seen, id, seen) == NULL)
			each(id, arg);
	hash_free(seen, NULL);
}

bool
site_log_take(const char *path, site_log_each *each, void *arg, struct buf *why)
{
	struct buf list = BUF_INIT;
	int fd = open_locked(path, O_RDWR, why);
	bool ok;

	if (fd == -1)
		return errno == ENOENT;
	ok = file_read_fd(fd, LIST_MAX, &list, why) || errno == EFBIG;
	if (ok) {
		each_once(buf_view(&list), each, arg);
		ok = ftruncate(fd, 0) == 0 && futimens(fd, NULL) == 0;
		if (!ok)
			why_set(why, "%s: %s", path, strerror(errno));
	}
	buf_fini(&list);
	close(fd);
	return ok;
}

void
site_log_remove_empty(const char *path)
{
	struct stat st;
	int fd = open_locked(path, O_RDWR, NULL);

	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && st.st_size == 0)
		unlink(path);
	close(fd);
}
