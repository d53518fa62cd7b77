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

/* One message on its way into a Maildir. */
struct maildir_file {
	const struct mailbox_target *to;
	struct timeval now;
	struct buf host, temporary;
	int fd;
};

/* seconds.P<pid>M<microseconds>.host while it is written; the final name has device and inode, which cannot recur. */
static void
temporary_name(struct maildir_file *file)
{
	put_host(&file->host);
	buf_printf(&file->temporary, "%stmp/%lld.P%ld.M%ld.%s", file->to->path, (long long)file->now.tv_sec, (long)process_id(),
	    (long)file->now.tv_usec, buf_c(&file->host));
}

static void
final_name(const struct maildir_file *file, const struct stat *st, struct buf *out)
{
	buf_printf(out, "%snew/%lld.V%llxI%llxM%ld.%s", file->to->path, (long long)file->now.tv_sec,
	    (unsigned long long)st->st_dev, (unsigned long long)st->st_ino, (long)file->now.tv_usec, buf_c(&file->host));
}

static int
create(const char *name)
{
	return open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool
maildir_create(struct maildir_file *file, struct buf *why)
{
	temporary_name(file);
	file->fd = create(buf_c(&file->temporary));
	if (file->fd == -1 && errno == ENOENT && make_directories(file->to->path, why))
		file->fd = create(buf_c(&file->temporary));
	if (file->fd == -1)
		why_set(why, "create maildir file %s: %s", buf_c(&file->temporary), strerror(errno));
	return file->fd != -1;
}

/* From tmp/ to new/, never over what is there. Without renameat2 (NFS): a second name; the first goes in the end. */
static bool
move(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return true;
	if ((errno != EINVAL && errno != ENOSYS) || link(from, to) == -1)
		return false;
	unlink(from);
	return true;
}

/*
 * The name in new/ must be safe before the queue file says that the recipient is done. Where the file just goes, the file
 * system may keep that order; a mark in the file can reach the disk before any name.
 */
static bool
safe_by_order(const struct maildir_file *file, const struct delivery_request *request)
{
	return (request->flags & DELIVERY_SOLE) != 0 && file_names_keep_order(file->fd, request->fd);
}

/* Of a directory that may be written to, but not read, the name goes to the journal with what it changed in the file. */
static bool
sync_name(const struct maildir_file *file, const char *name, struct buf *why)
{
	return file_sync_directory(name, why) || (errno == EACCES && fsync(file->fd) == 0);
}

static void
discard(const char *name)
{
	int error = errno;

	unlink(name);
	errno = error;
}

/* What is in new/ and may not be there after a crash will come again: it must not be there twice. */
static bool
publish_as(const struct maildir_file *file, const char *name, const struct delivery_request *request, struct buf *why)
{
	if (!move(buf_c(&file->temporary), name))
		return false;
	if (safe_by_order(file, request) || sync_name(file, name, why))
		return true;
	discard(name);
	return false;
}

static bool
publish(const struct maildir_file *file, const struct delivery_request *request, struct buf *why)
{
	struct buf final = BUF_INIT;
	struct stat st;
	bool ok = sync_paced(file->fd, file->to->pace, request->flags & DELIVERY_UNHURRIED) && fstat(file->fd, &st) == 0;

	if (ok) {
		final_name(file, &st, &final);
		ok = publish_as(file, buf_c(&final), request, why);
	}
	if (!ok)
		why_set(why, "maildir delivery failed: %s", strerror(errno));
	buf_fini(&final);
	return ok;
}

static bool
store(const struct delivery_request *request, const struct copy_envelope *envelope, const struct mailbox_target *to,
    struct buf *why)
{
	struct maildir_file file = { .to = to, .now = clock_wall(), .host = BUF_INIT, .temporary = BUF_INIT, .fd = -1 };
	bool ok = maildir_create(&file, why);

	if (ok) {
		ok = message_copy(request, envelope, file.fd, why) && publish(&file, request, why);
		if (!ok)
			discard(buf_c(&file.temporary));
		close(file.fd);
	}
	buf_fini(&file.host);
	buf_fini(&file.temporary);
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
	ok = store(request, envelope, to, &why);
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
