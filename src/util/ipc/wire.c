#include "util/ipc/wire.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_MIN = 4096, FRAME_WHOLE_MAX = FRAME_MAX + 4 };

struct hello {
	struct view name;
	uint64_t version;
};

static const struct field hello_fields[] = {
	FIELD(struct hello, name, 1, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct hello, version, 2, FIELD_U64, FIELD_REQUIRED),
	FIELD_END
};

void
wire_init(struct wire *wire, int fd)
{
	*wire = (struct wire){ .fd = fd };
}

void
wire_fini(struct wire *wire)
{
	for (size_t i = 0; i < wire->outgoing_count; i++)
		close(wire->outgoing[i].fd);
	for (size_t i = 0; i < wire->incoming_count; i++)
		close(wire->incoming[i]);
	buf_fini(&wire->in);
	buf_fini(&wire->out);
	if (wire->fd != -1)
		close(wire->fd);
	*wire = (struct wire){ .fd = -1 };
}

/* -- receiving ----------------------------------------------------------------------------------- */

struct cursor
wire_pending(const struct wire *wire)
{
	return cursor_of(view_slice(buf_view(&wire->in), wire->taken, wire->in.len));
}

bool
wire_full(const struct wire *wire)
{
	return wire->in.len - wire->taken >= FRAME_WHOLE_MAX;
}

/* Room for the rest of the frame that has begun, so that a large one comes in one piece. */
static void
make_room(struct wire *wire)
{
	struct cursor begun;
	uint32_t length;
	size_t room = RECEIVE_MIN;

	if (wire->taken > 0)
		buf_remove(&wire->in, 0, wire->taken);
	wire->taken = 0;
	begun = wire_pending(wire);
	if (cursor_le32(&begun, &length) && length <= FRAME_MAX && length > cursor_left(&begun))
		room += length - cursor_left(&begun);
	buf_reserve(&wire->in, room);
}

static bool
keep_fd(struct wire *wire, int fd)
{
	if (wire->incoming_count == WIRE_FDS_MAX) {
		close(fd);
		return false;
	}
	wire->incoming[wire->incoming_count++] = fd;
	return true;
}

static bool
keep_fds(struct wire *wire, struct msghdr *message)
{
	bool kept = true;
	int fd;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(fd) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(fd)) {
			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			kept = keep_fd(wire, fd) && kept;
		}
	}
	return kept && (message->msg_flags & MSG_CTRUNC) == 0;
}

static ssize_t
receive_message(struct wire *wire, struct msghdr *message)
{
	ssize_t n;

	do {
		n = recvmsg(wire->fd, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n == -1 && errno == EINTR);
	return n;
}

enum wire_result
wire_receive(struct wire *wire)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
	struct iovec bytes;
	struct msghdr message = {
		.msg_iov = &bytes, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n;

	make_room(wire);
	bytes.iov_base = wire->in.data + wire->in.len;
	bytes.iov_len = wire->in.cap - wire->in.len - 1;	/* buf keeps a NUL behind its end */
	if ((n = receive_message(wire, &message)) == -1)
		return errno == EAGAIN ? WIRE_AGAIN : WIRE_ERROR;
	if (n == 0)
		return WIRE_EOF;
	buf_added(&wire->in, (size_t)n);
	if (keep_fds(wire, &message))
		return WIRE_OK;
	errno = EPROTO;
	return WIRE_ERROR;
}

/* Descriptors of the frame before, which nobody took. */
static void
close_declared(struct wire *wire)
{
	int fd;

	while ((fd = wire_take_fd(wire)) != -1)
		close(fd);
}

/* Each descriptor came with the first byte of its frame: when all bytes are taken, what is left was not declared. */
static void
close_undeclared(struct wire *wire)
{
	while (wire->incoming_count > wire->declared)
		close(wire->incoming[--wire->incoming_count]);
}

int
wire_frame(struct wire *wire, struct frame *out)
{
	struct cursor in = wire_pending(wire);
	int parsed = frame_parse(&in, out);
	size_t declared;

	close_declared(wire);
	if (parsed != 1)
		return parsed;
	wire->taken = wire->in.len - cursor_left(&in);
	declared = out->flags >> WIRE_FD_SHIFT;
	out->flags &= WIRE_FLAGS_MASK;
	if (declared > FRAME_FDS_MAX || declared > wire->incoming_count)
		return -1;
	wire->declared = declared;
	if (cursor_done(&in))
		close_undeclared(wire);
	return 1;
}

int
wire_take_fd(struct wire *wire)
{
	int fd;

	if (wire->declared == 0)
		return -1;
	fd = wire->incoming[0];
	wire->declared--;
	wire->incoming_count--;
	memmove(wire->incoming, wire->incoming + 1, wire->incoming_count * sizeof(int));
	return fd;
}

/* -- sending ------------------------------------------------------------------------------------- */

void
wire_put_fd(struct wire *wire, int fd)
{
	assert(wire->outgoing_count < WIRE_FDS_MAX);
	wire->outgoing[wire->outgoing_count++] = (struct wire_fd){ fd, wire->out.len };
}

bool
wire_unsent(const struct wire *wire)
{
	return wire->sent < wire->out.len;
}

void
wire_drop_unsent(struct wire *wire)
{
	buf_reset(&wire->out);
	wire->sent = 0;
}

/* How many descriptors belong to the frame that begins where the first one stands. */
static size_t
fds_together(const struct wire *wire)
{
	size_t n = 0;

	while (n < wire->outgoing_count && wire->outgoing[n].at == wire->outgoing[0].at)
		n++;
	return n;
}

static void
attach_fds(struct wire *wire, size_t count, struct msghdr *message)
{
	struct cmsghdr *c;
	char *flags = wire->out.data + wire->sent + FRAME_HEADER - 1;

	assert(count <= FRAME_FDS_MAX && wire->sent + FRAME_HEADER <= wire->out.len);
	*flags = (char)((*flags & WIRE_FLAGS_MASK) | (int)count << WIRE_FD_SHIFT);
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	memset(message->msg_control, 0, message->msg_controllen);
	c = CMSG_FIRSTHDR(message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &wire->outgoing[i].fd, sizeof(int));
}

static void
fds_sent(struct wire *wire, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(wire->outgoing[i].fd);
	wire->outgoing_count -= count;
	memmove(wire->outgoing, wire->outgoing + count, wire->outgoing_count * sizeof(struct wire_fd));
}

/* One sendmsg(): up to the next frame that has descriptors, or that frame's bytes and what follows, with them. */
static ssize_t
send_piece(struct wire *wire)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
	struct iovec bytes = { wire->out.data + wire->sent, wire->out.len - wire->sent };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	size_t attached = 0;
	ssize_t n;

	if (wire->outgoing_count > 0 && wire->outgoing[0].at == wire->sent) {
		attached = fds_together(wire);
		message.msg_control = control;
		attach_fds(wire, attached, &message);
	}
	if (wire->outgoing_count > attached)
		bytes.iov_len = wire->outgoing[attached].at - wire->sent;
	n = sendmsg(wire->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		fds_sent(wire, attached);
	return n;
}

enum wire_result
wire_send(struct wire *wire)
{
	ssize_t n;

	while (wire_unsent(wire)) {
		n = send_piece(wire);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN ? WIRE_AGAIN : WIRE_ERROR;
		wire->sent += (size_t)n;
	}
	wire_drop_unsent(wire);
	return WIRE_OK;
}

/* -- hello --------------------------------------------------------------------------------------- */

void
wire_put_hello(struct wire *wire, const struct ipc_protocol *protocol)
{
	struct hello hello = { view_string(protocol->name), protocol->version };

	frame_put(&wire->out, CHANNEL_HELLO, 0, hello_fields, &hello);
}

bool
wire_check_hello(const struct frame *frame, const struct ipc_protocol *protocol, struct buf *why)
{
	struct hello hello;

	if (frame->type != CHANNEL_HELLO) {
		why_set(why, "no greeting");
		return false;
	}
	if (!frame_get(frame, hello_fields, &hello, sizeof(hello), why))
		return false;
	if (view_is(hello.name, protocol->name) && hello.version == protocol->version)
		return true;
	why_set(why, "unexpected protocol %.*s version %llu, not %s version %u: "
	    "run \"postfix reload\", or stop and start the mail system",
	    VIEW_ARG(hello.name), (unsigned long long)hello.version, protocol->name, protocol->version);
	return false;
}
