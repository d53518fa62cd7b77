/* mbox: one file, messages one behind the other. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "global/delivery/mailbox.h"
#include "util/file/file.h"
#include "util/log/log.h"

/* What the host lacks just now, or a file server that does not answer, says nothing about the mailbox. */
static bool
will_pass(int error)
{
	static const int passing[] = { ENOSPC, EAGAIN, ESTALE, EIO, EACCES, EROFS, EILSEQ, EMFILE, ENFILE, ENOMEM, ENOBUFS, EINTR,
		EBUSY, ENOLCK, EDEADLK, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ENOTCONN, ECONNREFUSED,
		ECONNRESET, ECONNABORTED, ENODEV };

	for (size_t i = 0; i < ARRAY_COUNT(passing); i++)
		if (error == passing[i])
			return true;
	return false;
}

static const char *
status_of(int error, bool defer)
{
	if (error == ENOEXEC)
		return "5.7.1";
	if (error == EFBIG || error == EDQUOT)
		return "5.2.2";
	return defer || will_pass(error) ? "4.2.0" : "5.2.0";
}

static void
failure(struct dsn *dsn, const struct mailbox_target *to, int error, const struct buf *why)
{
	const char *reason = why->len > 0 ? buf_c(why) : strerror(error);

	dsn_set(dsn, status_of(error, to->defer), to->file ? "cannot append message to file %s: %s" :
	    "cannot update mailbox %s. %s", to->path, reason);
	buf_set(&dsn->diag_type, VIEW("x-unix"));
	buf_puts(&dsn->diag_text, reason);
}

/*
 * A spool directory that only root may write to: the file is made as root and given away, before anything of the
 * message is in it. O_EXCL: what another user made there first is never taken for the user's own (LV2).
 */
static bool
create_in_spool(const struct mailbox_target *to)
{
	int fd = open(to->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1)
		return errno == EEXIST;
	if (fchown(fd, to->as->uid, to->as->gid) == -1)
		log_warn("chown %s: %s", to->path, strerror(errno));
	close(fd);
	return true;
}

struct rights {
	struct identity as;
	bool root_locks;
};

/* Who may write to the directory of the mailbox. */
static bool
stat_spool(const struct mailbox_target *to, struct stat *st)
{
	const char *slash = strrchr(to->path, '/');
	struct buf directory = BUF_INIT;
	bool ok;

	buf_put(&directory, to->path, slash != NULL ? (size_t)(slash - to->path) : 0);
	ok = to->spool && stat(buf_c(&directory), st) == 0;
	buf_fini(&directory);
	return ok;
}

/*
 * In a spool directory that its group may write to, but not everybody, files and dotlocks are made with the rights of
 * that group; the user stays who he is. Where nobody but root may write, only root can make a dotlock, and nobody can
 * have put anything in its place.
 */
static struct rights
rights_for(const struct mailbox_target *to)
{
	struct rights rights = { *to->as, false };
	struct stat st;
	mode_t others;

	if (!stat_spool(to, &st))
		return rights;
	others = st.st_mode & (S_IWGRP | S_IWOTH);
	if (others == S_IWGRP && st.st_gid != 0) {
		rights.as.gid = st.st_gid;
		rights.as.name = NULL;
	}
	rights.root_locks = others == 0 && st.st_uid == 0;
	return rights;
}

static bool
lock_mailbox(struct mailbox_lock *lock, const struct mailbox_target *to, const struct rights *rights, int fd, struct buf *why)
{
	bool locked;

	if (rights->root_locks)
		identity_restore();
	locked = mailbox_lock(lock, fd, to->path, to->lock, why);
	if (rights->root_locks)
		identity_assume(&rights->as);
	return locked;
}

static void
unlock_mailbox(struct mailbox_lock *lock, const struct rights *rights)
{
	if (rights->root_locks)
		identity_restore();
	mailbox_unlock(lock);
	if (rights->root_locks)
		identity_assume(&rights->as);
}

/* A partial line of an append that was killed must not hide the From_ line of this message. */
static bool
start_on_fresh_line(int fd, off_t end)
{
	char last;

	if (end == 0 || (file_pread_all(fd, &last, 1, end - 1) && last == '\n'))
		return true;
	return write(fd, "\n", 1) == 1;
}

static bool
too_large(const struct mailbox_target *to, long long size, struct buf *why)
{
	if (to->size_limit <= 0 || size <= to->size_limit)
		return false;
	why_set(why, "error writing message: File too large");
	errno = EFBIG;
	return true;
}

static bool
write_message(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to,
    int fd, off_t before, struct buf *why)
{
	struct copy_envelope with = *envelope;
	struct stat st;

	with.flags |= COPY_FROM_LINE | COPY_QUOTE_FROM | COPY_BLANK_LINE;
	if (too_large(to, before + request->data_size, why))
		return false;		/* without a byte written */
	return start_on_fresh_line(fd, before) && message_copy(request, &with, fd, why) && fstat(fd, &st) == 0 &&
	    !too_large(to, st.st_size, why) && fsync(fd) == 0;
}

/* The mailbox is as it was, or has the message whole and on disk (LV13). */
static bool
append(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to, int fd,
    struct buf *why)
{
	off_t before = lseek(fd, 0, SEEK_END);
	int error;

	if (before == -1)
		return false;
	if (to->start != NULL)
		*to->start = before;
	errno = 0;
	if (write_message(request, envelope, to, fd, before, why))
		return true;
	error = errno;
	if (ftruncate(fd, before) == -1)
		log_warn("truncate %s back to %lld bytes: %s", to->path, (long long)before, strerror(errno));
	errno = error;
	return false;
}

static int
open_mailbox(const struct mailbox_target *to, struct buf *why)
{
	uid_t owner = to->strict_ownership ? to->as->uid : (uid_t)-1;
	struct stat st;
	int fd = file_open_checked(to->path, O_RDWR | O_APPEND | O_CREAT, 0600, owner, &st, why);

	if (fd == -1 && errno == EPERM)
		errno = EACCES;
	if (fd != -1 && to->file && (st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH))) {
		close(fd);
		fd = -1;
		why_set(why, "file is executable");
		errno = ENOEXEC;
	}
	return fd;
}

/* Who held the lock may have put another file in the place of ours: what goes into that old one, nobody will read. */
static bool
is_in_place(const struct mailbox_target *to, int fd)
{
	struct stat named, opened;

	return stat(to->path, &named) == 0 && fstat(fd, &opened) == 0 && named.st_ino == opened.st_ino &&
	    named.st_dev == opened.st_dev;
}

/* The mailbox, open and locked, or -1. */
static int
open_locked(const struct mailbox_target *to, const struct rights *rights, struct mailbox_lock *lock, struct buf *why)
{
	enum { TRIES = 5 };
	int fd;

	for (int i = 0; i < TRIES; i++) {
		if ((fd = open_mailbox(to, why)) == -1)
			return -1;
		if (!lock_mailbox(lock, to, rights, fd, why)) {
			close(fd);
			errno = EAGAIN;
			return -1;
		}
		if (is_in_place(to, fd))
			return fd;
		unlock_mailbox(lock, rights);
		close(fd);
	}
	why_set(why, "mailbox is replaced again and again");
	errno = EAGAIN;
	return -1;
}

static bool
locked_append(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to,
    const struct rights *rights, struct buf *why)
{
	struct mailbox_lock lock = MAILBOX_LOCK_INIT;
	int fd = open_locked(to, rights, &lock, why), error;
	bool ok;

	if (fd == -1)
		return false;
	ok = append(request, envelope, to, fd, why);
	error = errno;
	unlock_mailbox(&lock, rights);
	if (close(fd) == -1 && ok) {
		ok = false;
		error = errno;
	}
	errno = error;
	return ok;
}

static bool
append_as(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to,
    const struct rights *rights, struct buf *why)
{
	bool ok;
	int error;

	identity_assume(&rights->as);
	errno = 0;
	ok = locked_append(request, envelope, to, rights, why);
	error = errno;
	identity_restore();
	errno = error;
	return ok;
}

void
mbox_deliver(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to,
    struct dsn *dsn)
{
	struct rights rights = rights_for(to);
	struct buf why = BUF_INIT;
	bool ok = append_as(request, envelope, to, &rights, &why);

	if (!ok && errno == EACCES && to->spool && geteuid() == 0 && access(to->path, F_OK) == -1 && create_in_spool(to)) {
		buf_reset(&why);
		ok = append_as(request, envelope, to, &rights, &why);
	}
	if (ok)
		dsn_set(dsn, "2.0.0", "delivered to mailbox");
	else if (errno == EILSEQ) {
		queue_mark_corrupt(request->fd);
		dsn_set(dsn, "4.3.0", "message content is damaged");
	} else {
		failure(dsn, to, errno, &why);
	}
	buf_fini(&why);
}
