/*
 * conn: one of many connections of a load tool, inside an event loop. What is put into the out buffer leaves at
 * conn_flush(), now or when the peer takes it; what comes is read as it comes.
 */
#ifndef LOAD_COMMON_CONN_H
#define LOAD_COMMON_CONN_H

#include "util/event/loop.h"
#include "util/text/buf.h"

enum conn_event {
	CONN_OPEN,		/* connected */
	CONN_INPUT,		/* there is more to read */
	CONN_SENT,		/* all output left */
	CONN_GONE,		/* closed by the peer, or broken: conn_error() tells; nothing follows */
};

struct conn;
typedef void	conn_handler(struct conn *conn, enum conn_event event, void *arg);

/* Owns fd, which does not block. connecting: CONN_OPEN or CONN_GONE comes when that is decided. */
struct conn	*conn_new(struct loop *loop, int fd, bool connecting, conn_handler *handler, void *arg);
void		 conn_close(struct conn *conn);			/* from within its handler too; no event follows */
struct buf	*conn_out(struct conn *conn);
void		 conn_flush(struct conn *conn);
void		 conn_read(struct conn *conn, bool on);		/* at first on; off: what comes stays with the system */
int		 conn_error(const struct conn *conn);		/* errno; 0: end of file */
int		 conn_fd(const struct conn *conn);

struct view	 conn_pending(const struct conn *conn);		/* came, and not taken */
void		 conn_take(struct conn *conn, size_t n);
/* The next line, without its end (LF, or CR LF); it lives until the next event. */
bool		 conn_line(struct conn *conn, struct view *line);

#endif
