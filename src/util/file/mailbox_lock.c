#include "util/file/mailbox_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/file/file.h"

static const struct {
	const char *name;
	unsigned style;
} styles_by_name[] = {
	{ "fcntl",	MAILBOX_LOCK_FCNTL },
	{ "flock",	MAILBOX_LOCK_FLOCK },
	{ "dotlock",	MAILBOX_LOCK_DOTLOCK },
};

static unsigned
style_of(struct view name)
{
	for (size_t i = 0; i < ARRAY_COUNT(styles_by_name); i++)
		if (view_is_nocase(name, styles_by_name[i].name))
			return styles_by_name[i].style;
	return 0;
}

bool
mailbox_lock_styles(const char *list, unsigned *styles, struct buf *why)
{
	struct view rest = view_string(list), word;
	unsigned found = 0, style;

	while (view_word(&rest, " \t\r\n,", &word)) {
		if ((style = style_of(word)) == 0) {
			why_set(why, "unknown mailbox lock style: %.*s", VIEW_ARG(word));
			return false;
		}
		found |= style;
	}
	if (found == 0)
		why_set(why, "no mailbox lock style in \"%s\"", list);
	else
		*styles = found;
	return found != 0;
}

/* -- dotlock ---------------------------------------------------------------------------------------------------------- */

/* Whoever made it is long gone: it is old by the mailbox's own clock, and no mail came meanwhile. */
static bool
is_stale(const struct mailbox_lock *lock, int stale_sec, struct stat *st)
{
	time_t now = clock_wall().tv_sec;
	struct stat box;

	return lstat(lock->dotlock, st) == 0 && fstat(lock->fd, &box) == 0 && S_ISREG(st->st_mode) &&
	    st->st_mtime + stale_sec < now && box.st_mtime + stale_sec < now;
}

/* Is it still this file that has the name? */
static bool
is_still(const char *path, const struct stat *st)
{
	struct stat now;

	return lstat(path, &now) == 0 && now.st_ino == st->st_ino && now.st_dev == st->st_dev;
}

/*
 * Of several who wait one alone may remove it: the name may soon be that of the lock another of them made. So the stale
 * file itself is locked while it is looked at once more and removed. What we may not open goes without that.
 */
static void
remove_stale(const struct mailbox_lock *lock, int stale_sec)
{
	struct stat st, opened;
	int fd;

	if (!is_stale(lock, stale_sec, &st))
		return;
	fd = open(lock->dotlock, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1) {
		if (errno == EACCES && is_still(lock->dotlock, &st))
			unlink(lock->dotlock);
		return;
	}
	if (file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0) && fstat(fd, &opened) == 0 && opened.st_ino == st.st_ino &&
	    opened.st_dev == st.st_dev && is_still(lock->dotlock, &st))
		unlink(lock->dotlock);
	close(fd);
}

static bool
take_dotlock(const struct mailbox_lock *lock, int stale_sec)
{
	int fd = open(lock->dotlock, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd != -1) {
		close(fd);
		return true;
	}
	if (errno == EEXIST) {
		remove_stale(lock, stale_sec);
		errno = EAGAIN;
	}
	return false;
}

/* -- one try ---------------------------------------------------------------------------------------------------------- */

static bool
take(struct mailbox_lock *lock, unsigned style, int stale_sec)
{
	switch (style) {
	case MAILBOX_LOCK_FCNTL:
		return file_lock(lock->fd, FILE_LOCK_FCNTL, FILE_LOCK_EXCLUSIVE, 0);
	case MAILBOX_LOCK_FLOCK:
		return file_lock(lock->fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0);
	default:
		return take_dotlock(lock, stale_sec);
	}
}

static void
give_back(struct mailbox_lock *lock)
{
	if (lock->held & MAILBOX_LOCK_DOTLOCK)
		unlink(lock->dotlock);
	if (lock->held & MAILBOX_LOCK_FLOCK)
		file_lock(lock->fd, FILE_LOCK_FLOCK, FILE_LOCK_NONE, 0);
	if (lock->held & MAILBOX_LOCK_FCNTL)
		file_lock(lock->fd, FILE_LOCK_FCNTL, FILE_LOCK_NONE, 0);
	lock->held = 0;
}

/* What is held already stays held only if the rest can be had as well: two who take one each would wait for ever. */
static bool
try_all(struct mailbox_lock *lock, const struct mailbox_lock_policy *policy)
{
	int error;

	for (unsigned style = MAILBOX_LOCK_FCNTL; style <= MAILBOX_LOCK_DOTLOCK; style <<= 1) {
		if (!(policy->styles & style))
			continue;
		if (!take(lock, style, policy->stale_sec)) {
			if (policy->dotlock_optional && lock->held != 0 && (errno == EACCES || errno == EPERM || errno == EROFS))
				continue;
			error = errno == EACCES && style != MAILBOX_LOCK_DOTLOCK ? EAGAIN : errno;	/* fcntl's other word */
			give_back(lock);
			errno = error;
			return false;
		}
		lock->held |= style;
	}
	return true;
}

static char *
dotlock_path(const char *path)
{
	struct buf name = BUF_INIT;

	buf_printf(&name, "%s.lock", path);
	return buf_detach(&name);
}

static bool
try_for_a_while(struct mailbox_lock *lock, const struct mailbox_lock_policy *policy)
{
	const struct timespec delay = { policy->delay_sec, 0 };

	for (int attempt = 1; !try_all(lock, policy); attempt++) {
		if (errno != EAGAIN || attempt >= policy->attempts)
			return false;
		nanosleep(&delay, NULL);
	}
	return true;
}

bool
mailbox_lock(struct mailbox_lock *lock, int fd, const char *path, const struct mailbox_lock_policy *policy,
    struct buf *why)
{
	bool locked;
	int error;

	*lock = (struct mailbox_lock){ fd, 0, dotlock_path(path) };
	locked = try_for_a_while(lock, policy);
	if (!locked) {
		why_set(why, "cannot lock %s: %s", path, errno == EAGAIN ? "held by somebody else" : strerror(errno));
		error = errno;
		mailbox_unlock(lock);
		errno = error;
	}
	return locked;
}

void
mailbox_unlock(struct mailbox_lock *lock)
{
	give_back(lock);
	mem_free(lock->dotlock);
	lock->dotlock = NULL;
}
