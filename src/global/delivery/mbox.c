/* mbox: one file, messages one behind the other. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "global/delivery/mailbox.h"
#include "util/file/file.h"
#include "util/log/log.h"

static const char *
status_of(int error)
{
	switch (error) {
	case EFBIG:
	case EDQUOT:
		return "5.2.2";
	case ENOSPC:
	case EAGAIN:
	case ESTALE:
	case EIO:
	case EACCES:
	case EROFS:
	case EILSEQ:
		return "4.2.0";
	default:
		return "5.2.0";
	}
}

static void
failure(struct dsn *dsn, const char *path, int error, const struct buf *why)
{
	dsn_set(dsn, status_of(error), "cannot update mailbox %s. %s", path, why->len > 0 ? buf_c(why) : strerror(error));
}

/*
 * The spool directory may be writable by its group only: the file is made there as root and given away, before anything
 * of the message is in it. O_EXCL: what another user made there first is never taken for the user's own.
 */
static void
create_in_spool(const struct mailbox_target *to)
{
	int fd;

	if (getuid() != 0)
		return;
	fd = open(to->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return;
	if (fchown(fd, to->as->uid, to->as->gid) == -1)
		log_warn("chown %s: %s", to->path, strerror(errno));
	close(fd);
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
append(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to, int fd,
    struct buf *why)
{
	struct copy_envelope with = *envelope;
	off_t before = lseek(fd, 0, SEEK_END);
	struct stat st;
	int error;

	with.flags |= COPY_FROM_LINE | COPY_QUOTE_FROM | COPY_BLANK_LINE;
	errno = 0;
	if (before != -1 && start_on_fresh_line(fd, before) && message_copy(request, &with, fd, why) && fstat(fd, &st) == 0) {
		if (to->size_limit <= 0 || st.st_size <= to->size_limit) {
			if (fsync(fd) == 0)
				return true;
		} else {
			errno = EFBIG;
			why_set(why, "error writing message: File too large");
		}
	}
	error = errno;
	if (before != -1 && ftruncate(fd, before) == -1)
		log_warn("truncate %s back to %lld bytes: %s", to->path, (long long)before, strerror(errno));
	errno = error;
	return false;
}

static bool
locked_append(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to,
    struct buf *why)
{
	struct mailbox_lock lock = MAILBOX_LOCK_INIT;
	struct stat st;
	bool ok = false;
	int error, fd;

	fd = file_open_checked(to->path, O_RDWR | O_APPEND | O_CREAT, 0600, to->strict_ownership ? to->as->uid : (uid_t)-1, &st, why);
	if (fd == -1) {
		if (errno == EPERM)
			errno = EACCES;
		return false;
	}
	if (mailbox_lock(&lock, fd, to->path, to->lock, why)) {
		ok = append(request, envelope, to, fd, why);
		error = errno;
		mailbox_unlock(&lock);
	} else {
		error = EAGAIN;
	}
	if (close(fd) == -1 && ok) {
		ok = false;
		error = errno;
	}
	errno = error;
	return ok;
}

void
mbox_deliver(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to,
    struct dsn *dsn)
{
	struct buf why = BUF_INIT;
	bool ok;
	int error;

	create_in_spool(to);
	identity_assume(to->as);
	errno = 0;
	ok = locked_append(request, envelope, to, &why);
	error = errno;
	identity_restore();
	if (ok)
		dsn_set(dsn, "2.0.0", "delivered to mailbox");
	else if (error == EILSEQ) {
		queue_mark_corrupt(request->fd);
		dsn_set(dsn, "4.3.0", "message content is damaged");
	} else {
		failure(dsn, to->path, error, &why);
	}
	buf_fini(&why);
}
