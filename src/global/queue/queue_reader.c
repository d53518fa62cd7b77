#include "global/queue/queue_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_SIZE = 16 * 1024, BACKWARD_JUMPS_MAX = 10000 };

struct queue_reader {
	int fd;				/* -1: it is an image */
	struct queue_image image;
	struct buf block;		/* bytes of the file from block_at */
	off_t block_at;
	size_t taken;			/* of them */
	bool follow;
	unsigned backward_jumps;
};

struct queue_reader *
queue_reader_new(int fd)
{
	struct queue_reader *reader = mem_new(sizeof(*reader));

	reader->fd = fd;
	reader->follow = true;
	return reader;
}

struct queue_reader *
queue_reader_of_image(const struct queue_image *image)
{
	struct queue_reader *reader = queue_reader_new(-1);

	reader->image = *image;
	return reader;
}

void
queue_reader_free(struct queue_reader *reader)
{
	if (reader == NULL)
		return;
	buf_fini(&reader->block);
	mem_free(reader);
}

void
queue_reader_follow(struct queue_reader *reader, bool follow)
{
	reader->follow = follow;
}

off_t
queue_reader_offset(const struct queue_reader *reader)
{
	return reader->block_at + (off_t)reader->taken;
}

void
queue_reader_seek(struct queue_reader *reader, off_t at)
{
	if (at >= reader->block_at && at <= reader->block_at + (off_t)reader->block.len) {
		reader->taken = (size_t)(at - reader->block_at);
		return;
	}
	buf_reset(&reader->block);
	reader->block_at = at;
	reader->taken = 0;
}

static ssize_t
read_image(const struct queue_image *image, char *out, size_t max, off_t at)
{
	off_t from = at < (off_t)image->head.len || at < image->tail_at ? at : at - image->tail_at;
	struct view part = at < (off_t)image->head.len ? image->head : at < image->tail_at ? VIEW_EMPTY : image->tail;

	part = view_slice(part, (size_t)from, part.len);
	part = view_slice(part, 0, max);
	if (part.len > 0)
		memcpy(out, part.data, part.len);
	return (ssize_t)part.len;
}

static ssize_t
read_file(const struct queue_reader *reader, char *out, size_t max, off_t at)
{
	ssize_t n;

	if (reader->fd == -1)
		return read_image(&reader->image, out, max, at);
	do
		n = pread(reader->fd, out, max, at);
	while (n == -1 && errno == EINTR);
	return n;
}

/* Reads on behind what is left in the block: bytes read, 0 at the end of the file, -1 with errno. */
static ssize_t
read_on(struct queue_reader *reader)
{
	ssize_t n;
	char *room;

	if (reader->taken > 0) {
		buf_remove(&reader->block, 0, reader->taken);
		reader->block_at += (off_t)reader->taken;
		reader->taken = 0;
	}
	room = buf_reserve(&reader->block, BLOCK_SIZE + reader->block.len);	/* doubles for a record that is long */
	n = read_file(reader, room, BLOCK_SIZE, reader->block_at + (off_t)reader->block.len);
	if (n > 0)
		buf_added(&reader->block, (size_t)n);
	return n;
}

static enum queue_read
end_of_file(const struct queue_reader *reader, ssize_t n, struct buf *why)
{
	if (n == -1) {
		why_set(why, "read: %m");
		return QUEUE_READ_ERROR;
	}
	if (reader->taken == reader->block.len)
		return QUEUE_READ_END;
	why_set(why, "the file ends inside the record at offset %lld", (long long)queue_reader_offset(reader));
	return QUEUE_READ_CORRUPT;
}

static enum queue_read
next_record(struct queue_reader *reader, struct record *out, struct buf *why)
{
	for (;;) {
		struct cursor in = cursor_of(view_slice(buf_view(&reader->block), reader->taken, reader->block.len));
		const char *before = in.at;
		int result = before != NULL ? record_parse(&in, 0, out) : 0;
		ssize_t n;

		if (result == -1 || (result == 1 && out->type == 0)) {
			why_set(why, "malformed record at offset %lld", (long long)queue_reader_offset(reader));
			return QUEUE_READ_CORRUPT;
		}
		if (result == 1) {
			reader->taken += (size_t)(in.at - before);
			return QUEUE_READ_RECORD;
		}
		if ((n = read_on(reader)) <= 0)
			return end_of_file(reader, n, why);
	}
}

/* Goes where the pointer points; 0 is "on with the next record". A file may send us back only so often. */
static bool
jump(struct queue_reader *reader, struct view data, struct buf *why)
{
	off_t here = queue_reader_offset(reader);
	unsigned long long to;

	if (!view_number(view_trim(data), &to) || to > INT64_MAX) {
		why_set(why, "malformed pointer before offset %lld", (long long)here);
		return false;
	}
	if (to == 0)
		return true;
	if ((off_t)to < here && ++reader->backward_jumps > BACKWARD_JUMPS_MAX) {
		why_set(why, "pointers lead back more than %d times", BACKWARD_JUMPS_MAX);
		return false;
	}
	queue_reader_seek(reader, (off_t)to);
	return true;
}

enum queue_read
queue_reader_next(struct queue_reader *reader, struct record *out, off_t *at, struct buf *why)
{
	enum queue_read result;
	struct record record;
	off_t start;

	for (;;) {
		start = queue_reader_offset(reader);
		if ((result = next_record(reader, &record, why)) != QUEUE_READ_RECORD)
			return result;
		if (record.type != RECORD_POINTER || !reader->follow)
			break;
		if (!jump(reader, record.data, why))
			return QUEUE_READ_CORRUPT;
	}
	*out = record;
	if (at != NULL)
		*at = start;
	return QUEUE_READ_RECORD;
}

bool
queue_mark_done(int fd, off_t offset, struct buf *why)
{
	const char done = RECORD_DONE;
	char type = 0;

	if (offset == -1)
		return true;
	if (pread(fd, &type, 1, offset) == 1 && type == RECORD_DONE)
		return true;
	if (type != RECORD_RECIPIENT) {
		why_set(why, "no recipient record at offset %lld", (long long)offset);
		return false;
	}
	if (pwrite(fd, &done, 1, offset) == 1)
		return true;
	why_set(why, "mark recipient at offset %lld as done: %m", (long long)offset);
	return false;
}

bool
queue_mark_corrupt(int fd)
{
	return fchmod(fd, S_IRUSR) == 0;
}
