/*
 * queue_reader: reads a queue file record by record, following pointers, with all lengths checked: a damaged file is a
 * result, never a crash. And the two marks that readers make: of a recipient that is done, and of a file that is damaged.
 */
#ifndef GLOBAL_QUEUE_QUEUE_READER_H
#define GLOBAL_QUEUE_QUEUE_READER_H

#include "global/queue/queue_id.h"
#include "global/queue/record.h"

struct queue_reader;

enum queue_read { QUEUE_READ_RECORD, QUEUE_READ_END, QUEUE_READ_CORRUPT, QUEUE_READ_ERROR };	/* END: end of file */

/*
 * A file known from elsewhere than the disk: its bytes from the start to the content, and from behind the content to the
 * end. What lies between reads as the end of the file. Views are borrowed as long as the reader lives.
 */
struct queue_image {
	struct view head, tail;
	off_t tail_at;
};

struct queue_reader *queue_reader_new(int fd);		/* borrows fd; uses pread only */
struct queue_reader *queue_reader_of_image(const struct queue_image *image);
void		 queue_reader_free(struct queue_reader *reader);
void		 queue_reader_seek(struct queue_reader *reader, off_t at);
void		 queue_reader_follow(struct queue_reader *reader, bool follow);	/* pointers: default true */
/* The record's view lives until the next call. at (may be NULL): its offset. */
enum queue_read	 queue_reader_next(struct queue_reader *reader, struct record *out, off_t *at, struct buf *why);
off_t		 queue_reader_offset(const struct queue_reader *reader);	/* of the next record */

/* Marks a recipient done: D over R at its offset. Already done is success; another record there is an error. */
bool	queue_mark_done(int fd, off_t offset, struct buf *why);
bool	queue_mark_corrupt(int fd);				/* fchmod 0400 */

#endif
