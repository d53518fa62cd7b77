#include "load/common/conn.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

struct conn {
	struct loop *loop;
	struct loop_io io;
	conn_handler *handler;
	void *arg;
	int fd, error;
	bool connecting, reading, closed, gone;
	int waiting;			/* what the loop was asked for */
	struct buf in, out;
	size_t taken, sent;
};

static void	ready(int fd, int what, void *arg);

static void
watch(struct conn *conn)
{
	bool writing = conn->connecting || conn->sent < conn->out.len;
	int what = (conn->reading && !conn->connecting ? LOOP_READ : 0) | (writing ? LOOP_WRITE : 0);

	if (what == conn->waiting)
		return;
	conn->waiting = what;
	if (what == 0)
		loop_io_stop(&conn->io);
	else
		loop_io_start(conn->loop, &conn->io, conn->fd, what, ready, conn);
}

static void
gone(struct conn *conn, int error)
{
	conn->error = error;
	conn->gone = true;
	loop_io_stop(&conn->io);
	conn->handler(conn, CONN_GONE, conn->arg);
}

static void
connected(struct conn *conn)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0) {
		gone(conn, error);
		return;
	}
	conn->connecting = false;
	conn->handler(conn, CONN_OPEN, conn->arg);
}

static bool
would_wait(int error)
{
	return error == EAGAIN || error == EINTR;
}

static void
receive(struct conn *conn)
{
	ssize_t n;

	if (conn->taken == conn->in.len) {
		buf_reset(&conn->in);
		conn->taken = 0;
	}
	n = recv(conn->fd, buf_reserve(&conn->in, READ_SIZE), READ_SIZE, 0);
	if (n > 0) {
		buf_added(&conn->in, (size_t)n);
		conn->handler(conn, CONN_INPUT, conn->arg);
	} else if (n == 0 || !would_wait(errno)) {
		gone(conn, n == 0 ? 0 : errno);
	}
}

/* False: the connection is gone. */
static bool
transmit(struct conn *conn)
{
	ssize_t n;

	while (conn->sent < conn->out.len) {
		n = send(conn->fd, buf_c(&conn->out) + conn->sent, conn->out.len - conn->sent, MSG_NOSIGNAL);
		if (n == -1)
			return would_wait(errno);
		conn->sent += (size_t)n;
	}
	buf_reset(&conn->out);
	conn->sent = 0;
	return true;
}

static void
send_rest(struct conn *conn)
{
	if (!transmit(conn))
		gone(conn, errno);
	else if (conn->out.len == 0)
		conn->handler(conn, CONN_SENT, conn->arg);
}

static void
ready(int fd, int what, void *arg)
{
	struct conn *conn = arg;

	if (conn->connecting) {
		connected(conn);
	} else {
		if (what & LOOP_WRITE)
			send_rest(conn);
		if ((what & LOOP_READ) && !conn->closed && !conn->gone && conn->reading)
			receive(conn);
	}
	if (!conn->closed && !conn->gone)
		watch(conn);
}

struct conn *
conn_new(struct loop *loop, int fd, bool connecting, conn_handler *handler, void *arg)
{
	struct conn *conn = mem_new(sizeof(*conn));

	conn->loop = loop;
	conn->fd = fd;
	conn->connecting = connecting;
	conn->reading = true;
	conn->handler = handler;
	conn->arg = arg;
	watch(conn);
	return conn;
}

static void
release(void *arg)
{
	struct conn *conn = arg;

	buf_fini(&conn->in);
	buf_fini(&conn->out);
	mem_free(conn);
}

void
conn_close(struct conn *conn)
{
	if (conn == NULL || conn->closed)
		return;
	conn->closed = true;
	loop_io_stop(&conn->io);
	close(conn->fd);
	loop_defer(conn->loop, release, conn);
}

struct buf *
conn_out(struct conn *conn)
{
	return &conn->out;
}

/* What fails here is met again by the loop. */
void
conn_flush(struct conn *conn)
{
	if (conn->closed || conn->gone)
		return;
	transmit(conn);
	watch(conn);
}

void
conn_read(struct conn *conn, bool on)
{
	conn->reading = on;
	if (!conn->closed && !conn->gone)
		watch(conn);
}

int
conn_error(const struct conn *conn)
{
	return conn->error;
}

int
conn_fd(const struct conn *conn)
{
	return conn->fd;
}

struct view
conn_pending(const struct conn *conn)
{
	return view_slice(buf_view(&conn->in), conn->taken, conn->in.len);
}

void
conn_take(struct conn *conn, size_t n)
{
	conn->taken += n;
}

bool
conn_line(struct conn *conn, struct view *line)
{
	struct view rest = conn_pending(conn);
	ptrdiff_t end = view_find(rest, '\n');

	if (end < 0)
		return false;
	conn_take(conn, (size_t)end + 1);
	*line = view_slice(rest, 0, (size_t)end);
	if (view_ends(*line, VIEW("\r")))
		line->len--;
	return true;
}
