/* maildir: a directory, a file for each message; complete or absent. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "global/delivery/mailbox.h"
#include "util/file/file.h"
#include "util/process/process.h"

/* Is everything of it in place? tmp/, new/ and cur/ are made when missing. */
static bool
make_directories(const char *path, struct buf *why)
{
	static const char *const below[] = { "", "tmp", "new", "cur" };
	struct buf full = BUF_INIT;
	bool ok = true;

	for (size_t i = 0; ok && i < ARRAY_COUNT(below); i++) {
		buf_reset(&full);
		buf_printf(&full, "%s%s", path, below[i]);
		ok = file_make_directories(buf_c(&full), 0700, why);
	}
	buf_fini(&full);
	return ok;
}

/* The host's name without what would hurt in a file name. */
static void
put_host(struct buf *out)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	for (const char *at = host; *at != '\0'; at++) {
		if (*at == '/')
			buf_puts(out, "\\057");
		else if (*at == ':')
			buf_puts(out, "\\072");
		else
			buf_putc(out, *at);
	}
}

/* seconds.P<pid>M<microseconds>.host while it is written; the final name has device and inode, which cannot recur. */
static void
temporary_name(const char *path, struct timeval now, struct buf *out)
{
	buf_reset(out);
	buf_printf(out, "%stmp/%lld.P%ld.M%ld.", path, (long long)now.tv_sec, (long)process_id(), (long)now.tv_usec);
	put_host(out);
}

static void
final_name(const char *path, struct timeval now, const struct stat *st, struct buf *out)
{
	buf_printf(out, "%snew/%lld.V%llxI%llxM%ld.", path, (long long)now.tv_sec, (unsigned long long)st->st_dev,
	    (unsigned long long)st->st_ino, (long)now.tv_usec);
	put_host(out);
}

static int
create(const char *path, struct timeval now, struct buf *temporary, struct buf *why)
{
	int fd;

	temporary_name(path, now, temporary);
	fd = open(buf_c(temporary), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1 && errno == ENOENT && make_directories(path, why))
		fd = open(buf_c(temporary), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		why_set(why, "create maildir file %s: %s", buf_c(temporary), strerror(errno));
	return fd;
}

static bool
publish(int fd, const char *path, struct timeval now, const struct buf *temporary, struct buf *why)
{
	struct buf final = BUF_INIT;
	struct stat st;
	bool ok = fsync(fd) == 0 && fstat(fd, &st) == 0;

	if (ok) {
		final_name(path, now, &st, &final);
		ok = link(buf_c(temporary), buf_c(&final)) == 0 && file_sync_directory(buf_c(&final), why);
	}
	if (!ok)
		why_set(why, "maildir delivery failed: %s", strerror(errno));
	buf_fini(&final);
	return ok;
}

static bool
store(const struct delivery_request *request, const struct copy_envelope *envelope, const char *path, struct buf *why)
{
	struct timeval now = clock_wall();
	struct buf temporary = BUF_INIT;
	int fd = create(path, now, &temporary, why), error;
	bool ok;

	if (fd == -1) {
		buf_fini(&temporary);
		return false;
	}
	ok = message_copy(request, envelope, fd, why) && publish(fd, path, now, &temporary, why);
	error = errno;
	close(fd);
	unlink(buf_c(&temporary));
	buf_fini(&temporary);
	errno = error;
	return ok;
}

static const char *
status_of(int error)
{
	return error == EDQUOT || error == EFBIG ? "5.2.2" : "4.2.0";
}

void
maildir_deliver(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to,
    struct dsn *dsn)
{
	struct buf why = BUF_INIT;
	bool ok;
	int error;

	identity_assume(to->as);
	errno = 0;
	ok = store(request, envelope, to->path, &why);
	error = errno;
	identity_restore();
	if (ok)
		dsn_set(dsn, "2.0.0", "delivered to maildir");
	else if (error == EILSEQ) {
		queue_mark_corrupt(request->fd);
		dsn_set(dsn, "4.3.0", "message content is damaged");
	} else {
		dsn_set(dsn, status_of(error), "%s", why.len > 0 ? buf_c(&why) : strerror(error));
		buf_set(&dsn->diag_type, VIEW("x-unix"));
		buf_putv(&dsn->diag_text, buf_view(&dsn->text));
	}
	buf_fini(&why);
}
