/*
 * sequential: one client at a time. The process sleeps in one epoll_wait() for a client, master's end, and its limits;
 * while it keeps a connection, kept.c waits instead.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "global/maillog/postlog_sink.h"
#include "service/kept.h"
#include "service/listeners.h"
#include "service/master_link.h"
#include "service/master_protocol.h"
#include "service/watchdog.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { TRIGGER_MAX = 1024, TRIGGER_WAIT_MS = 1000, EVENTS_MAX = 64 };

/* -- one client ---------------------------------------------------------------------------------- */

/* Clients of triggers write and close. Bytes are a hint: who sends none, or slowly, is not waited for long. */
static void
serve_trigger(struct service_context *ctx, int fd)
{
	char bytes[TRIGGER_MAX];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) == -1 && errno == EAGAIN)
		if (!fd_wait(fd, POLLIN, clock_deadline(TRIGGER_WAIT_MS)))
			break;
	close(fd);
	if (n > 0)
		ctx->service->trigger(ctx, view_bytes(bytes, (size_t)n));
}

static void
serve_foreign(struct service_context *ctx, int fd)
{
	watchdog_working(true);
	if (ctx->service->client != NULL)
		ctx->service->client(ctx, fd);
	else
		serve_trigger(ctx, fd);
	watchdog_working(false);
	service_spent(ctx);
}

static void
serve_client(struct service_context *ctx, int fd)
{
	if (ctx->service->protocol != NULL)
		kept_serve(ctx, fd);
	else
		serve_foreign(ctx, fd);
}

/* A named pipe is its own listener: what can be read is for whoever reads it first. */
static void
serve_pipe(struct service_context *ctx, int fd)
{
	char bytes[TRIGGER_MAX];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n <= 0 || ctx->service->trigger == NULL)
		return;
	watchdog_working(true);
	ctx->service->trigger(ctx, view_bytes(bytes, (size_t)n));
	watchdog_working(false);
	service_spent(ctx);
}

/* -- waiting ------------------------------------------------------------------------------------- */

/*
 * Which listener to try: one that has a client, or all of them (-1) after a while without: whoever was woken for a
 * client may have died before it accepted. -2: master is gone, or wants us to go, which comes before any client: who
 * connects after a reload meets the new settings.
 */
static int
wait_for_listener(struct service_context *ctx, int set, msec_t since)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(set, events, EVENTS_MAX, service_nap_ms(ctx, since));

	for (int i = 0; i < n; i++)
		if (!listeners_has(ctx, events[i].data.fd))
			return -2;
	return n > 0 ? events[0].data.fd : -1;
}

/* -1: there is none, or it was a trigger in a pipe, which is done with. */
static int
next_client(struct service_context *ctx, int set, msec_t since)
{
	int from = wait_for_listener(ctx, set, since);
	bool is_pipe = strcmp(ctx->options.type, "fifo") == 0;

	service_look(ctx);
	if (from == -2 || ctx->retiring) {
		ctx->retiring = true;
		return -1;
	}
	if (is_pipe)
		serve_pipe(ctx, from != -1 ? from : MASTER_LISTEN_FD);
	return is_pipe ? -1 : listeners_accept(ctx, from, (ctx->service->flags & SERVICE_STREAM) ? SOCK_NONBLOCK : 0);
}

void
service_alive(void)
{
	watchdog_working(true);
}

void
service_run_sequential(struct service_context *ctx)
{
	int set = listeners_wait_set(ctx), fd;
	msec_t since = clock_now();

	while (!ctx->retiring) {
		maillog_flush();
		if ((fd = next_client(ctx, set, since)) == -1) {
			ctx->retiring = ctx->retiring || service_too_idle(ctx, since);
			continue;
		}
		master_link_busy(ctx, true);
		serve_client(ctx, fd);
		since = clock_now();
		if (!ctx->retiring)
			master_link_busy(ctx, false);
	}
	close(set);
}
