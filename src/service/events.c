/*
 * events: processes that serve many at once and never block (event and manager shapes). The frame accepts and hands over;
 * triggers, announcements and datagrams it reads itself.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "global/maillog/postlog_sink.h"
#include "service/listeners.h"
#include "service/master_link.h"
#include "service/master_protocol.h"
#include "service/visitor.h"
#include "service/watchdog.h"
#include "util/event/loop.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum {
	ACCEPT_AT_ONCE = 16,
	DATAGRAMS_AT_ONCE = 64,
	DATAGRAM_MAX = 65536,
	TRIGGER_MAX = 1024,
	SHORTAGE_PAUSE_MS = 1000,
	CHORES_MS = 1000,
	QUIET_CHORES_MS = 10000,
	QUIET_WATCHDOG_SEC = 60,	/* from this limit on the watchdog need not be told each second */
	LOG_FLUSH_MS = 100,		/* between tries to send lines that the log did not take */
};

struct event_server {
	struct service_context *ctx;
	struct loop *loop;
	struct loop_io *listeners, status;
	struct loop_timer chores, pause, drain;
	struct visitors *visitors;
	char *datagram;
	size_t under_way;
	msec_t since;			/* the last client */
	bool leaving, look_is_due;
};

/* -- leaving ------------------------------------------------------------------------------------- */

static void
stop_listening(struct event_server *server)
{
	for (int i = 0; i < server->ctx->options.sockets; i++)
		loop_io_stop(&server->listeners[i]);
	loop_timer_stop(&server->pause);
}

static void
drained(void *arg)
{
	struct event_server *server = arg;

	loop_stop(server->loop);
}

/* BUSY: master is to start another process for new clients. */
static void
begin_to_leave(struct event_server *server)
{
	struct service_context *ctx = server->ctx;

	server->leaving = true;
	stop_listening(server);
	loop_io_stop(&server->status);
	master_link_busy(ctx, true);
	loop_timer_start(server->loop, &server->drain, (msec_t)ctx->limits.drain_sec * 1000, drained, server);
	if (ctx->service->retiring != NULL)
		ctx->service->retiring(ctx);
}

static void
look(void *arg)
{
	struct event_server *server = arg;

	server->look_is_due = false;
	if (server->ctx->retiring && !server->leaving)
		begin_to_leave(server);
	if (server->leaving && server->under_way == 0 && server->ctx->service->retiring == NULL)
		loop_stop(server->loop);
}

void
service_events_look(struct service_context *ctx)
{
	if (ctx->events->look_is_due)
		return;
	ctx->events->look_is_due = true;
	loop_defer(ctx->loop, look, ctx->events);
}

void
service_leave(struct service_context *ctx)
{
	ctx->retiring = true;
	loop_stop(ctx->loop);
}

void
service_client_done(struct service_context *ctx)
{
	ctx->events->under_way--;
	ctx->events->since = clock_now();
	service_spent(ctx);
	service_events_look(ctx);
}

static void
master_gone(int fd, int what, void *arg)
{
	struct event_server *server = arg;

	service_retire(server->ctx);
}

/* -- clients ------------------------------------------------------------------------------------- */

static void	listen_again(void *arg);

static void
hand_over(struct event_server *server, int fd)
{
	server->since = clock_now();
	if (server->visitors != NULL) {
		visitors_add(server->visitors, fd);
		return;
	}
	server->under_way++;
	server->ctx->service->client(server->ctx, fd);
}

static void
client_came(int listener, int what, void *arg)
{
	struct event_server *server = arg;
	int fd = -1;

	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		if ((fd = listeners_accept_once(listener, SOCK_NONBLOCK)) == -1)
			break;
		hand_over(server, fd);
	}
	if (fd != -1 || !listeners_short_of_descriptors(errno))
		return;
	log_warn("cannot accept a connection: %s", strerror(errno));
	stop_listening(server);
	loop_timer_start(server->loop, &server->pause, SHORTAGE_PAUSE_MS, listen_again, server);
}

static void
datagrams_came(int fd, int what, void *arg)
{
	struct event_server *server = arg;
	ssize_t n;

	for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		if ((n = recv(fd, server->datagram, DATAGRAM_MAX, MSG_DONTWAIT)) == -1)
			return;
		server->since = clock_now();
		server->ctx->service->datagram(server->ctx, view_bytes(server->datagram, (size_t)n));
		if (service_spent(server->ctx))
			service_events_look(server->ctx);
	}
}

/* A named pipe, where triggers stand one behind the other. */
static void
triggers_came(int fd, int what, void *arg)
{
	struct event_server *server = arg;
	char bytes[TRIGGER_MAX];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n <= 0)
		return;
	server->since = clock_now();
	server->ctx->service->trigger(server->ctx, view_bytes(bytes, (size_t)n));
	if (service_spent(server->ctx))
		service_events_look(server->ctx);
}

static void
listen_again(void *arg)
{
	struct event_server *server = arg;
	const struct service_context *ctx = server->ctx;
	bool is_pipe = ctx->service->trigger != NULL && strcmp(ctx->options.type, "fifo") == 0;

	for (int i = 0; i < ctx->options.sockets; i++)
		loop_io_start_shared(server->loop, &server->listeners[i], MASTER_LISTEN_FD + i,
		    is_pipe ? triggers_came : ctx->service->datagram != NULL ? datagrams_came : client_came, server);
}

/* -- the loop ------------------------------------------------------------------------------------ */

static msec_t
chores_interval(const struct service_context *ctx)
{
	bool quiet = !service_has_chores(ctx) && ctx->limits.watchdog_sec >= QUIET_WATCHDOG_SEC;
	msec_t watched = (msec_t)ctx->limits.watchdog_sec * 1000 / 4;

	if (watched > 0 && watched < CHORES_MS)
		return watched;
	return quiet ? QUIET_CHORES_MS : CHORES_MS;
}

static void
do_chores(void *arg)
{
	struct event_server *server = arg;
	struct service_context *ctx = server->ctx;

	watchdog_working(true);		/* the loop turns */
	service_look(ctx);
	if (server->under_way == 0 && service_too_idle(ctx, server->since))
		ctx->retiring = true;
	if (ctx->retiring)
		service_events_look(ctx);
	loop_timer_start(server->loop, &server->chores, chores_interval(ctx), do_chores, server);
}

static void
prepare_server(struct event_server *server, struct service_context *ctx)
{
	server->ctx = ctx;
	server->loop = ctx->loop;
	server->since = clock_now();
	server->listeners = mem_new_array((size_t)ctx->options.sockets, sizeof(struct loop_io));
	if (ctx->service->client == NULL && ctx->service->datagram == NULL)
		server->visitors = visitors_new(ctx);
	if (ctx->service->datagram != NULL)
		server->datagram = mem_new(DATAGRAM_MAX);
	for (int i = 0; i < ctx->options.sockets; i++)
		fd_set_nonblocking(MASTER_LISTEN_FD + i, true);
	loop_io_start(server->loop, &server->status, MASTER_STATUS_FD, LOOP_READ, master_gone, server);
}

static void
release_server(struct event_server *server)
{
	stop_listening(server);
	loop_io_stop(&server->status);
	loop_timer_stop(&server->chores);
	loop_timer_stop(&server->drain);
	visitors_free(server->visitors);
	mem_free(server->listeners);
	mem_free(server->datagram);
}

void
service_run_events(struct service_context *ctx)
{
	struct event_server server = { .ctx = ctx };

	prepare_server(&server, ctx);
	ctx->events = &server;
	listen_again(&server);
	do_chores(&server);
	service_events_look(ctx);		/* start() may have retired */
	if (loop_turn(ctx->loop, 0))
		while (loop_turn(ctx->loop, maillog_flush() ? -1 : LOG_FLUSH_MS))
			continue;
	watchdog_working(false);
	ctx->events = NULL;
	release_server(&server);
}
