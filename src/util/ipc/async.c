#include "util/ipc/async.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "util/ipc/wire.h"
#include "util/net/endpoint.h"

enum { BACKLOG_PAUSE_MS = 10 };

enum async_state {
	ASYNC_GREETING,		/* HELLO is awaited */
	ASYNC_STARTING,		/* the first READY is awaited */
	ASYNC_IDLE,		/* READY is held */
	ASYNC_ASKED,		/* a request is under way, nothing of its answer came yet */
	ASYNC_ANSWERED,		/* … and something did */
	ASYNC_OVER,		/* retired or closed: no further request */
};

struct async {
	struct loop *loop;
	struct wire wire;
	struct loop_io io;
	struct loop_timer timer, connecting;
	msec_t timeout_ms;
	char *path;
	const struct ipc_protocol *protocol;
	async_handler *handler;
	void *arg;
	enum async_state state;
	struct buf why;
	bool dead;		/* the end was told, or async_close() called: nothing more happens */
};

static void	on_ready(int fd, int what, void *arg);

/* -- telling the owner --------------------------------------------------------------------------- */

static void
stop_all(struct async *async)
{
	async->dead = true;
	loop_io_stop(&async->io);
	loop_timer_stop(&async->timer);
	loop_timer_stop(&async->connecting);
}

static void
tell(struct async *async, enum async_event event, const struct frame *frame)
{
	async->handler(async, event, frame, NULL, async->arg);
}

static void
tell_closed(struct async *async, const char *why)
{
	stop_all(async);
	async->state = ASYNC_OVER;
	async->handler(async, ASYNC_CLOSED, NULL, why, async->arg);
}

static void
on_timeout(void *arg)
{
	struct async *async = arg;

	tell_closed(async, "timeout");
}

static void
start_timer(struct async *async)
{
	if (async->timeout_ms > 0)
		loop_timer_start(async->loop, &async->timer, async->timeout_ms, on_timeout, async);
}

/* -- what comes ---------------------------------------------------------------------------------- */

static void
take_hello(struct async *async, const struct frame *frame)
{
	if (wire_check_hello(frame, async->protocol, &async->why))
		async->state = ASYNC_STARTING;
	else
		tell_closed(async, buf_c(&async->why));
}

static void
take_ready(struct async *async)
{
	if (async->state != ASYNC_STARTING && async->state != ASYNC_ANSWERED) {
		tell_closed(async, "frame out of turn");
		return;
	}
	async->state = ASYNC_IDLE;
	loop_timer_stop(&async->timer);
	tell(async, ASYNC_READY, NULL);
}

/* A RETIRE that crossed our request is passed over: the request is served, and another RETIRE ends the answer. */
static void
take_retire(struct async *async)
{
	if (async->state == ASYNC_ASKED || async->state == ASYNC_OVER)
		return;
	async->state = ASYNC_OVER;
	loop_timer_stop(&async->timer);
	tell(async, ASYNC_RETIRED, NULL);
}

static void
take_answer(struct async *async, const struct frame *frame)
{
	if (async->state != ASYNC_ASKED && async->state != ASYNC_ANSWERED) {
		tell_closed(async, "frame out of turn");
		return;
	}
	async->state = ASYNC_ANSWERED;
	tell(async, ASYNC_FRAME, frame);
}

static void
take_frame(struct async *async, const struct frame *frame)
{
	if (async->state == ASYNC_GREETING)
		take_hello(async, frame);
	else if (frame->type == CHANNEL_READY)
		take_ready(async);
	else if (frame->type == CHANNEL_RETIRE)
		take_retire(async);
	else if (frame->type >= FRAME_TYPE_FIRST)
		take_answer(async, frame);
	else if (frame->type != CHANNEL_STOP)
		tell_closed(async, "malformed frame");
}

static void
take_frames(struct async *async)
{
	struct frame frame;
	int parsed = 0;

	while (!async->dead && (parsed = wire_frame(&async->wire, &frame)) == 1)
		take_frame(async, &frame);
	if (!async->dead && parsed == -1)
		tell_closed(async, "malformed frame");
}

static void
receive(struct async *async)
{
	enum wire_result result = wire_receive(&async->wire);

	if (result == WIRE_OK)
		take_frames(async);
	else if (result == WIRE_EOF)
		tell_closed(async, "connection closed");
	else if (result == WIRE_ERROR)
		tell_closed(async, strerror(errno));
}

/* -- what goes ----------------------------------------------------------------------------------- */

static void
watch(struct async *async)
{
	int what = LOOP_READ | (wire_unsent(&async->wire) ? LOOP_WRITE : 0);

	loop_io_start(async->loop, &async->io, async->wire.fd, what, on_ready, async);
}

/*
 * An error of writing is left to the reader: what the server said before it went comes first. It may still be there, and
 * the error ours (no memory): then it would wait for our request, and we for its answer.
 */
static enum wire_result
send_what_waits(struct async *async)
{
	enum wire_result result = wire_send(&async->wire);

	if (result == WIRE_ERROR) {
		wire_drop_unsent(&async->wire);
		shutdown(async->wire.fd, SHUT_RDWR);
	}
	return result;
}

static void
send_on(struct async *async)
{
	if (send_what_waits(async) != WIRE_AGAIN)
		watch(async);
}

static void
on_ready(int fd, int what, void *arg)
{
	struct async *async = arg;

	if (what & LOOP_WRITE)
		send_on(async);
	if (what & LOOP_READ)
		receive(async);
}

/* -- connecting ---------------------------------------------------------------------------------- */

static void
connected(struct async *async, int fd)
{
	async->wire.fd = fd;
	watch(async);
}

/*
 * A server whose backlog is full is not out of order, it is in demand. The kernel then refuses with EAGAIN and offers
 * nothing to wait for: so try again a little later, as long as the time limit allows.
 */
static void
connect_again(void *arg)
{
	struct async *async = arg;
	int fd = unix_connect_start(async->path, &async->why);

	if (fd != -1)
		connected(async, fd);
	else if (errno == EAGAIN)
		loop_timer_start(async->loop, &async->connecting, BACKLOG_PAUSE_MS, connect_again, async);
	else
		tell_closed(async, buf_c(&async->why));
}

/* -- interface ----------------------------------------------------------------------------------- */

struct async *
async_connect(struct loop *loop, const char *path, const struct ipc_protocol *protocol,
    msec_t timeout_ms, async_handler *handler, void *arg, struct buf *why)
{
	int fd = unix_connect_start(path, why);
	struct async *async;

	if (fd == -1 && errno != EAGAIN)
		return NULL;
	async = mem_new(sizeof(*async));
	async->loop = loop;
	async->path = mem_string(path);
	async->protocol = protocol;
	async->timeout_ms = timeout_ms;
	async_set_arg(async, handler, arg);
	wire_init(&async->wire, fd);
	if (fd != -1)
		watch(async);
	else
		loop_timer_start(loop, &async->connecting, BACKLOG_PAUSE_MS, connect_again, async);
	start_timer(async);
	return async;
}

static void
release(void *arg)
{
	struct async *async = arg;

	wire_fini(&async->wire);
	buf_fini(&async->why);
	mem_free(async->path);
	mem_free(async);
}

void
async_close(struct async *async)
{
	stop_all(async);
	loop_defer(async->loop, release, async);	/* we may be inside its handler */
}

bool
async_ready(const struct async *async)
{
	return async->state == ASYNC_IDLE && !async->dead;
}

void
async_send(struct async *async, struct view frames)
{
	assert(async_ready(async));
	async->state = ASYNC_ASKED;
	buf_putv(&async->wire.out, frames);
	start_timer(async);
	if (send_what_waits(async) == WIRE_AGAIN)
		watch(async);
}

void
async_set_arg(struct async *async, async_handler *handler, void *arg)
{
	async->handler = handler;
	async->arg = arg;
}
