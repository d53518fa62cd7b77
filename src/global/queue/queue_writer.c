#include "global/queue/queue_writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/process/process.h"

enum {
	BUFFER_SIZE = 64 * 1024,	/* a common message is written at once, its size record set while still in memory */
	NAME_TRIES = 1000,
	CLOCK_BEHIND_MAX = 100,		/* seconds */
};

struct queue_writer {
	const struct queue_layout *layout;
	mode_t mode;
	int fd;
	struct timeval created;
	struct buf id;
	struct buf pending;		/* what is not written yet */
	off_t written;			/* where pending begins */
	off_t limit;
	enum queue_write_result result;
	struct buf reason;
};

/*
 * The names of the unfinished file, for signal handlers (queue_writer_remove_open): static, so that they are never
 * freed memory, and valid whenever `names` says so.
 */
static struct {
	char temporary[PATH_MAX], final[PATH_MAX];
	volatile sig_atomic_t names;	/* how many are set: 0, 1 (temporary) or 2 */
} unfinished;

static void
remember(char *name, const char *path, int count)
{
	size_t len = strlen(path);

	assert(len < PATH_MAX);
	unfinished.names = count - 1;
	memcpy(name, path, len + 1);
	unfinished.names = count;
}

void
queue_writer_remove_open(void)
{
	if (unfinished.names >= 1)
		unlink(unfinished.temporary);
	if (unfinished.names >= 2)
		unlink(unfinished.final);
}

/* -- names --------------------------------------------------------------------------------------------------------- */

/* "incoming/<usec>.<pid>": the dot keeps it out of every scan. */
static int
create_temporary(struct queue_writer *writer, const char *queue)
{
	struct buf path = BUF_INIT;
	int fd;

	do {
		writer->created = clock_wall();
		buf_reset(&path);
		buf_printf(&path, "%s/%ld.%d", queue, (long)writer->created.tv_usec, (int)process_id());
		/* Its name is told to signal handlers only once it is ours: another's may have the same. */
		fd = open(buf_c(&path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, writer->mode);
	} while (fd == -1 && (errno == EEXIST || errno == EISDIR));
	if (fd != -1)
		remember(unfinished.temporary, buf_c(&path), 1);
	buf_fini(&path);
	return fd;
}

static bool
rename_final(const char *path)
{
	if (rename(unfinished.temporary, path) == 0)
		return true;
	return errno == ENOENT && queue_make_directories(path, NULL) && rename(unfinished.temporary, path) == 0;
}

/* The id holds the inode, so no other live file has it: taken after the file exists, from what it is. */
static bool
give_id(struct queue_writer *writer, const char *queue, ino_t inode)
{
	struct buf path = BUF_INIT;
	bool named = false;

	for (int i = 0; i < NAME_TRIES && !named; i++) {
		if (i > 0)
			writer->created = clock_wall();
		queue_id_make(&writer->id, writer->layout->long_ids, writer->created, inode);
		queue_path(&path, writer->layout, queue, buf_view(&writer->id));
		remember(unfinished.final, buf_c(&path), 2);
		if (!(named = rename_final(buf_c(&path))) && errno != EPERM && errno != EISDIR)
			break;
	}
	buf_fini(&path);
	return named;
}

/* Queue times are compared with the system's clock: tell when the file system has another one. */
static void
compare_clocks(const struct queue_writer *writer, const struct stat *st)
{
	long long ahead = (long long)st->st_mtime - (long long)writer->created.tv_sec;

	if (ahead > 1)
		log_warn("file system clock is %lld seconds ahead of the system clock", ahead);
	else if (ahead < -CLOCK_BEHIND_MAX)
		log_warn("file system clock is %lld seconds behind the system clock", -ahead);
}

static void
writer_free(struct queue_writer *writer)
{
	unfinished.names = 0;
	if (writer->fd != -1)
		close(writer->fd);
	buf_fini(&writer->id);
	buf_fini(&writer->pending);
	buf_fini(&writer->reason);
	mem_free(writer);
}

struct queue_writer *
queue_writer_open(const struct queue_layout *layout, const char *queue, mode_t mode, struct buf *why)
{
	struct queue_writer *writer = mem_new(sizeof(*writer));
	struct stat st;

	assert(unfinished.names == 0);
	writer->layout = layout;
	writer->mode = mode;
	if ((writer->fd = create_temporary(writer, queue)) != -1 && fstat(writer->fd, &st) == 0 &&
	    give_id(writer, queue, st.st_ino)) {
		compare_clocks(writer, &st);
		return writer;
	}
	why_set(why, "cannot create a file in directory %s: %m", queue);
	queue_writer_abort(writer);
	return NULL;
}

void
queue_writer_abort(struct queue_writer *writer)
{
	if (writer == NULL)
		return;
	queue_writer_remove_open();
	writer_free(writer);
}

void
queue_writer_hold(struct queue_writer *writer)
{
	if (!file_lock(writer->fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0))
		log_warn("%s: cannot lock: %m", queue_writer_path(writer));
}

struct view
queue_writer_id(const struct queue_writer *writer)
{
	return buf_view(&writer->id);
}

struct timeval
queue_writer_time(const struct queue_writer *writer)
{
	return writer->created;
}

const char *
queue_writer_path(const struct queue_writer *writer)
{
	return unfinished.final;
}

/* -- records ------------------------------------------------------------------------------------------------------- */

static void
fail(struct queue_writer *writer, enum queue_write_result result, const char *what)
{
	if (writer->result != QUEUE_WRITE_OK)
		return;
	writer->result = result;
	why_set(&writer->reason, "%s %s: %m", what, unfinished.final);
}

static void
fail_errno(struct queue_writer *writer, const char *what)
{
	fail(writer, errno == EFBIG ? QUEUE_WRITE_TOO_BIG : QUEUE_WRITE_FAILED, what);
}

static void
flush(struct queue_writer *writer)
{
	if (writer->result != QUEUE_WRITE_OK || writer->pending.len == 0)
		return;
	if (!file_pwrite_all(writer->fd, writer->pending.data, writer->pending.len, writer->written)) {
		fail_errno(writer, "write");
		return;
	}
	writer->written += (off_t)writer->pending.len;
	buf_reset(&writer->pending);
}

/* Room for so many bytes more? They then go to pending. */
static bool
admit(struct queue_writer *writer, size_t len)
{
	if (writer->result != QUEUE_WRITE_OK)
		return false;
	if (writer->limit > 0 && queue_writer_offset(writer) + (off_t)len > writer->limit) {
		errno = EFBIG;
		fail_errno(writer, "write");
		return false;
	}
	if (writer->pending.data == NULL)
		buf_reserve(&writer->pending, BUFFER_SIZE);
	if (writer->pending.len + len > BUFFER_SIZE)
		flush(writer);
	return writer->result == QUEUE_WRITE_OK;
}

off_t
queue_writer_put(struct queue_writer *writer, int type, struct view data)
{
	off_t at = queue_writer_offset(writer);

	if (admit(writer, record_encoded_size(data.len)))
		record_put(&writer->pending, type, data);
	return at;
}

off_t
queue_writer_put_raw(struct queue_writer *writer, struct view records)
{
	off_t at = queue_writer_offset(writer);

	if (admit(writer, records.len))
		buf_putv(&writer->pending, records);
	return at;
}

off_t
queue_writer_printf(struct queue_writer *writer, int type, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;
	off_t at;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	at = queue_writer_put(writer, type, buf_view(&text));
	buf_fini(&text);
	return at;
}

off_t
queue_writer_offset(const struct queue_writer *writer)
{
	return writer->written + (off_t)writer->pending.len;
}

void
queue_writer_overwrite(struct queue_writer *writer, off_t at, struct view record)
{
	off_t end = at + (off_t)record.len;

	if (writer->result != QUEUE_WRITE_OK)
		return;
	assert(at >= 0 && end <= queue_writer_offset(writer));
	if (at < writer->written && end > writer->written)
		flush(writer);
	if (at >= writer->written)
		memcpy(writer->pending.data + (at - writer->written), record.data, record.len);
	else if (!file_pwrite_all(writer->fd, record.data, record.len, at))
		fail_errno(writer, "write");
}

void
queue_writer_limit(struct queue_writer *writer, off_t size_max)
{
	writer->limit = size_max;
}

enum queue_write_result
queue_writer_result(const struct queue_writer *writer, struct buf *why)
{
	if (writer->result != QUEUE_WRITE_OK)
		why_set(why, "%s", buf_c(&writer->reason));
	return writer->result;
}

int
queue_writer_read_fd(struct queue_writer *writer)
{
	flush(writer);
	return writer->fd;
}

/* -- the end ------------------------------------------------------------------------------------------------------- */

static void
move_to(struct queue_writer *writer, const char *queue)
{
	struct buf path = BUF_INIT;

	queue_path(&path, writer->layout, queue, buf_view(&writer->id));
	memcpy(unfinished.temporary, unfinished.final, sizeof(unfinished.temporary));	/* a signal in between removes both */
	remember(unfinished.final, buf_c(&path), 2);
	if (!queue_rename(unfinished.temporary, unfinished.final, NULL))
		fail_errno(writer, "rename to");
	buf_fini(&path);
}

static void
close_file(struct queue_writer *writer)
{
	int fd = writer->fd;

	writer->fd = -1;	/* gone whatever close() says */
	if (close(fd) == -1)
		fail_errno(writer, "close");
}

/*
 * The order is what makes accepted mail survive a power cut: time and mark are metadata, and only an fsync that follows
 * them puts them on disk together with the content. Nothing about the file changes after it.
 */
static void
make_durable(struct queue_writer *writer)
{
	struct timeval now = clock_wall();
	struct timespec stamp = { now.tv_sec, now.tv_usec * 1000 };

	if (futimens(writer->fd, (struct timespec[]){ stamp, stamp }) == -1)
		fail_errno(writer, "set time of");
	else if (fchmod(writer->fd, writer->mode | S_IRWXU) == -1)
		fail_errno(writer, "change mode of");
	else if (fsync(writer->fd) == -1)
		fail_errno(writer, "sync");
	else
		close_file(writer);
}

enum queue_write_result
queue_commit(struct queue_writer *writer, const char *to_queue, struct buf *why)
{
	enum queue_write_result result;

	flush(writer);
	if (to_queue != NULL && writer->result == QUEUE_WRITE_OK)
		move_to(writer, to_queue);
	if (writer->result == QUEUE_WRITE_OK)
		make_durable(writer);
	if ((result = queue_writer_result(writer, why)) == QUEUE_WRITE_OK)
		writer_free(writer);
	else
		queue_writer_abort(writer);
	return result;
}
