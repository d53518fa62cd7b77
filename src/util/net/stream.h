/*
 * stream: a buffered byte stream over a socket or pipe for sequential programs, with deadlines. Try first, poll on
 * EAGAIN: no system call that is not needed. Writes gather in a buffer and leave at stream_flush(), or when a read is
 * about to wait. A transport (TLS) may be laid over it.
 *
 * Reading never holds more than the limit the caller names; a line that is longer comes in pieces (STREAM_LONG).
 */
#ifndef UTIL_NET_STREAM_H
#define UTIL_NET_STREAM_H

#include <stdint.h>

#include "util/base/clock.h"
#include "util/text/buf.h"

enum stream_result {
	STREAM_OK,
	STREAM_LONG,		/* line: no line end within the limit; the piece was taken */
	STREAM_EOF,		/* the peer closed */
	STREAM_TIMEOUT,
	STREAM_ERROR,		/* errno says which */
};

struct stream;

struct stream_transport {	/* laid over the descriptor; results as read(2) and write(2), EAGAIN: wait for *events */
	ssize_t (*read)(void *arg, void *data, size_t len, short *events);
	ssize_t (*write)(void *arg, const void *data, size_t len, short *events);
	void (*close)(void *arg);
};

struct stream	*stream_new(int fd);			/* owns fd, makes it non-blocking */
struct stream	*stream_new_socket(int fd);		/* the same for one that does not block already */
struct stream	*stream_new_pair(int in, int out);	/* standard input and output */
void		 stream_free(struct stream *stream);	/* closes; does not flush */
int		 stream_fd(const struct stream *stream);
int		 stream_detach(struct stream *stream);	/* frees the stream, gives the descriptor back */

void		 stream_set_timeout(struct stream *stream, msec_t per_wait_ms);	/* for each wait; 0: none */
void		 stream_set_deadline(struct stream *stream, msec_t deadline);	/* for all of them; CLOCK_NEVER: none */
/* Each byte moved extends the deadline, to most_ms from now at most: nobody is quick first to be slow for long. 0: not so. */
void		 stream_set_min_rate(struct stream *stream, unsigned bytes_per_sec, msec_t most_ms);
void		 stream_set_transport(struct stream *stream, const struct stream_transport *transport, void *arg);

/* Replaces *line with the next line without its LF (a CR before it stays). limit: bytes taken at most. */
enum stream_result stream_line(struct stream *stream, size_t limit, struct buf *line);
/* Appends 1..max bytes as they come. */
enum stream_result stream_some(struct stream *stream, size_t max, struct buf *out);
enum stream_result stream_exact(struct stream *stream, void *data, size_t len);
struct view	 stream_pending(const struct stream *stream);	/* what is read but not taken */
void		 stream_take(struct stream *stream, size_t n);	/* takes n of the pending bytes */
enum stream_result stream_fill(struct stream *stream);		/* waits until something is pending */
enum stream_result stream_fill_beyond(struct stream *stream, size_t n);	/* … until more than n bytes are */
bool		 stream_readable(struct stream *stream);	/* pending, or the socket has something now */
void		 stream_drop_pending(struct stream *stream);	/* before a TLS handshake */

void		 stream_put(struct stream *stream, struct view v);
void		 stream_puts(struct stream *stream, const char *s);
void		 stream_printf(struct stream *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
enum stream_result stream_flush(struct stream *stream);
size_t		 stream_unsent(const struct stream *stream);

#endif
