/*
 * queue_writer: makes a queue file. Created under a temporary name, renamed to its id; records gather in a buffer;
 * queue_commit() makes it durable and complete, in one place and one order; until then every exit removes it. A process
 * has one open at a time.
 */
#ifndef GLOBAL_QUEUE_QUEUE_WRITER_H
#define GLOBAL_QUEUE_QUEUE_WRITER_H

#include <sys/types.h>

#include "global/queue/queue_id.h"
#include "global/queue/record.h"

struct queue_writer;

enum queue_write_result { QUEUE_WRITE_OK, QUEUE_WRITE_TOO_BIG, QUEUE_WRITE_FAILED };

/* Never fails for want of a name. NULL with a reason when the directory cannot be written (the caller says 451). */
struct queue_writer *queue_writer_open(const struct queue_layout *layout, const char *queue, mode_t mode, struct buf *why);
void		 queue_writer_abort(struct queue_writer *writer);	/* removes the file */
void		 queue_writer_hold(struct queue_writer *writer);	/* locks it: sweeps of old files spare it, however long this takes */
struct view	 queue_writer_id(const struct queue_writer *writer);
struct timeval	 queue_writer_time(const struct queue_writer *writer);
const char	*queue_writer_path(const struct queue_writer *writer);	/* static storage while open: signal handlers use it */

off_t		 queue_writer_put(struct queue_writer *writer, int type, struct view data);	/* its offset */
off_t		 queue_writer_put_raw(struct queue_writer *writer, struct view records);	/* whole records, not looked into */
off_t		 queue_writer_printf(struct queue_writer *writer, int type, const char *format, ...) __attribute__((format(printf, 3, 4)));
off_t		 queue_writer_offset(const struct queue_writer *writer);
/* Overwrites bytes written before (size record, pointers); the length must be the same as what stands there. */
void		 queue_writer_overwrite(struct queue_writer *writer, off_t at, struct view record);
void		 queue_writer_limit(struct queue_writer *writer, off_t size_max);	/* message_size_limit and room; 0: none */
enum queue_write_result queue_writer_result(const struct queue_writer *writer, struct buf *why);	/* sticky first error */

/* Flushes, and lends the descriptor for reading back (milter edits). */
int		 queue_writer_read_fd(struct queue_writer *writer);
/* For signal handlers: removes the unfinished file, if there is one. Async-signal-safe; the process must exit then. */
void		 queue_writer_remove_open(void);

/*
 * Flush, time stamp, fchmod to mode|0700, fsync, close, in this order. to_queue: NULL, or "hold": renamed before it is
 * complete. The writer is freed in any case; on failure the file is removed.
 */
enum queue_write_result queue_commit(struct queue_writer *writer, const char *to_queue, struct buf *why);

#endif
