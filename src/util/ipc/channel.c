#include "util/ipc/channel.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "util/file/file.h"
#include "util/ipc/wire.h"
#include "util/net/endpoint.h"

struct channel {
	struct wire wire;
	const struct ipc_protocol *protocol;
	struct buf why;
	bool server;
	bool ready;		/* client: READY is held */
	bool retired;		/* client: RETIRE came */
	bool stopped;		/* the peer said STOP in this exchange */
	bool asked;		/* client: nothing was read since we last wrote */
	bool ended;		/* the peer closed between frames */
	bool broken;
};

enum { CONNECT_ATTEMPTS = 10 };

/* -- both sides ---------------------------------------------------------------------------------- */

struct channel *
channel_new(int fd, const struct ipc_protocol *protocol)
{
	struct channel *channel = mem_new(sizeof(*channel));

	wire_init(&channel->wire, fd);
	channel->protocol = protocol;
	return channel;
}

void
channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	wire_fini(&channel->wire);
	buf_fini(&channel->why);
	mem_free(channel);
}

int
channel_fd(const struct channel *channel)
{
	return channel->wire.fd;
}

const char *
channel_why(const struct channel *channel)
{
	return buf_c(&channel->why);
}

struct buf *
channel_out(struct channel *channel)
{
	return &channel->wire.out;
}

void
channel_put_fd(struct channel *channel, int fd)
{
	wire_put_fd(&channel->wire, fd);
}

int
channel_take_fd(struct channel *channel)
{
	return wire_take_fd(&channel->wire);
}

static enum channel_result
broken(struct channel *channel, const char *what)
{
	channel->broken = true;
	why_set(&channel->why, "%s", what);
	return CHANNEL_BROKEN;
}

static enum channel_result
broken_by_errno(struct channel *channel, const char *what)
{
	channel->broken = true;
	why_set(&channel->why, "%s: %s", what, strerror(errno));
	return CHANNEL_BROKEN;
}

static enum channel_result
timed_out(struct channel *channel, const char *what)
{
	why_set(&channel->why, "timeout while %s", what);
	return CHANNEL_TIMEOUT;
}

/* An end is orderly only between frames. */
static enum channel_result
ended(struct channel *channel)
{
	struct cursor rest = wire_pending(&channel->wire);

	if (!cursor_done(&rest))
		return broken(channel, "connection closed inside a frame");
	channel->ended = true;
	why_set(&channel->why, "connection closed");
	return CHANNEL_EOF;
}

/* -- frames that belong to the channel ----------------------------------------------------------- */

/* Does the channel know this type, and may the peer say it? */
static bool
take_control(struct channel *channel, unsigned type)
{
	switch (type) {
	case CHANNEL_STOP:
		channel->stopped = true;
		return true;
	case CHANNEL_READY:
		channel->ready = true;
		return !channel->server;
	case CHANNEL_RETIRE:
		channel->retired = true;
		return !channel->server;
	default:
		return false;
	}
}

/* The next frame of the protocol that is already here: 1, 0, -1 as frame_parse(). */
static int
next_frame(struct channel *channel, struct frame *out)
{
	int parsed;

	while ((parsed = wire_frame(&channel->wire, out)) == 1) {
		if (out->type >= FRAME_TYPE_FIRST)
			return 1;
		if (!take_control(channel, out->type))
			return -1;
	}
	return parsed;
}

/* Takes the channel's own frames that are already here, up to the first one of the protocol. */
static bool
take_controls(struct channel *channel)
{
	struct cursor in;
	struct frame frame;
	int parsed;

	for (;;) {
		in = wire_pending(&channel->wire);
		parsed = frame_parse(&in, &frame);
		if (parsed != 1 || frame.type >= FRAME_TYPE_FIRST)
			return parsed != -1;
		if (wire_frame(&channel->wire, &frame) != 1 || !take_control(channel, frame.type))
			return false;
	}
}

/* STOP may stand behind frames that nobody read yet. */
static void
look_for_stop(struct channel *channel)
{
	struct cursor in = wire_pending(&channel->wire);
	struct frame frame;

	while (frame_parse(&in, &frame) == 1)
		if (frame.type == CHANNEL_STOP)
			channel->stopped = true;
}

bool
channel_pending(const struct channel *channel)
{
	struct cursor in = wire_pending(&channel->wire);
	struct frame frame;

	while (frame_parse(&in, &frame) == 1)
		if (frame.type >= FRAME_TYPE_FIRST)
			return true;
	return false;
}

struct view
channel_remains(const struct channel *channel)
{
	struct cursor in = wire_pending(&channel->wire);

	return cursor_rest(&in);
}

/* -- reading ------------------------------------------------------------------------------------- */

/* Waits for more bytes and takes them. */
static enum channel_result
receive(struct channel *channel, msec_t deadline)
{
	enum wire_result result = WIRE_AGAIN;

	/* An answer to what just left is hardly there yet: to wait first saves a call. */
	if (!channel->asked)
		result = wire_receive(&channel->wire);
	channel->asked = false;
	for (; result == WIRE_AGAIN; result = wire_receive(&channel->wire))
		if (!fd_wait(channel->wire.fd, POLLIN, deadline))
			return timed_out(channel, "reading");
	if (result == WIRE_EOF || (result == WIRE_ERROR && errno == ECONNRESET))
		return ended(channel);
	return result == WIRE_OK ? CHANNEL_OK : broken_by_errno(channel, "cannot read");
}

enum channel_result
channel_read(struct channel *channel, struct frame *out, msec_t deadline)
{
	enum channel_result result;
	int parsed;

	if (channel->broken)
		return CHANNEL_BROKEN;
	while ((parsed = next_frame(channel, out)) == 0)
		if ((result = receive(channel, deadline)) != CHANNEL_OK)
			return result;
	return parsed == 1 ? CHANNEL_OK : broken(channel, "malformed frame");
}

bool
channel_gone(const struct channel *channel)
{
	struct pollfd look = { channel->wire.fd, POLLRDHUP, 0 };

	return poll(&look, 1, 0) > 0;
}

bool
channel_stopped(struct channel *channel)
{
	if (!channel->stopped && !wire_full(&channel->wire))
		wire_receive(&channel->wire);		/* its end, if it came, will be met again */
	look_for_stop(channel);
	return channel->stopped;
}

/* -- writing ------------------------------------------------------------------------------------- */

/*
 * Until the peer takes more. What it sends meanwhile is taken in, so that two writers never wait for each other, but
 * no more than one whole frame.
 */
static bool
wait_to_send(struct channel *channel, msec_t deadline)
{
	struct wire *wire = &channel->wire;
	short events = POLLOUT;

	if (!wire_full(wire) && wire_receive(wire) != WIRE_EOF)
		events |= wire_full(wire) ? 0 : POLLIN;
	look_for_stop(channel);
	return fd_wait(wire->fd, events, deadline);
}

enum channel_result
channel_flush(struct channel *channel, msec_t deadline)
{
	enum wire_result result;

	if (channel->broken)
		return CHANNEL_BROKEN;
	if (wire_unsent(&channel->wire) && !channel->server) {
		channel->ready = false;
		channel->asked = true;
	}
	while ((result = wire_send(&channel->wire)) == WIRE_AGAIN)
		if (!wait_to_send(channel, deadline))
			return timed_out(channel, "writing");
	return result == WIRE_OK ? CHANNEL_OK : broken_by_errno(channel, "cannot write");
}

/* -- client -------------------------------------------------------------------------------------- */

static bool
read_hello(struct channel *channel, msec_t deadline)
{
	struct frame frame;
	enum channel_result result;
	int parsed;

	while ((parsed = wire_frame(&channel->wire, &frame)) == 0)
		if ((result = receive(channel, deadline)) != CHANNEL_OK)
			return false;
	if (parsed == 1)
		return wire_check_hello(&frame, channel->protocol, &channel->why);
	broken(channel, "malformed greeting");
	return false;
}

/* READY or RETIRE: whose turn it is. */
static bool
await_turn(struct channel *channel, msec_t deadline)
{
	while (!channel->ready && !channel->retired) {
		if (!take_controls(channel) || channel_pending(channel)) {
			broken(channel, "frame out of turn");
			return false;
		}
		if (!channel->ready && !channel->retired && receive(channel, deadline) != CHANNEL_OK)
			return false;
	}
	return channel->ready && !channel->retired;
}

/* One attempt. *gone: the server was on its way out, and another takes its place. */
static struct channel *
connect_once(const char *path, const struct ipc_protocol *protocol, msec_t deadline, bool *gone, struct buf *why)
{
	int fd = unix_connect(path, deadline, why);
	struct channel *channel;

	*gone = false;
	if (fd == -1)
		return NULL;
	channel = channel_new(fd, protocol);
	if (read_hello(channel, deadline) && await_turn(channel, deadline))
		return channel;
	*gone = channel->retired || channel->ended;
	why_set(why, "%s: %s", path, channel->retired ? "is leaving" : channel_why(channel));
	channel_free(channel);
	return NULL;
}

/* Who meets a server that leaves has asked nothing of it yet: the next connection meets the next server. */
struct channel *
channel_connect(const char *path, const struct ipc_protocol *protocol, msec_t deadline,
    struct buf *why)
{
	struct channel *channel;
	bool gone;
	int attempts = 0;

	do {
		channel = connect_once(path, protocol, deadline, &gone, why);
	} while (channel == NULL && gone && ++attempts < CONNECT_ATTEMPTS && clock_now() < deadline);
	return channel;
}

bool
channel_ready(struct channel *channel)
{
	enum wire_result result;

	if (channel->broken || channel->retired || !channel->ready)
		return false;
	do {
		result = wire_receive(&channel->wire);
	} while (result == WIRE_OK && !wire_full(&channel->wire));
	if (result != WIRE_AGAIN)
		return false;
	if (!take_controls(channel) || channel_pending(channel)) {
		broken(channel, "frame out of turn");
		return false;
	}
	return !channel->retired;
}

bool
channel_finish(struct channel *channel, msec_t deadline)
{
	bool usable = !channel->broken && await_turn(channel, deadline);

	channel->stopped = false;
	return usable;
}

/* -- server -------------------------------------------------------------------------------------- */

void
channel_greet(struct channel *channel)
{
	channel->server = true;
	wire_put_hello(&channel->wire, channel->protocol);
	channel_put_ready(channel);
}

void
channel_put_ready(struct channel *channel)
{
	channel->stopped = false;
	frame_put_raw(&channel->wire.out, CHANNEL_READY, 0, VIEW_EMPTY);
}

void
channel_put_retire(struct channel *channel)
{
	channel->stopped = false;
	frame_put_raw(&channel->wire.out, CHANNEL_RETIRE, 0, VIEW_EMPTY);
}

void
channel_put_stop(struct channel *channel)
{
	frame_put_raw(&channel->wire.out, CHANNEL_STOP, 0, VIEW_EMPTY);
	wire_send(&channel->wire);
}
