#include "service/kept.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/listeners.h"
#include "service/master_link.h"
#include "service/master_protocol.h"
#include "service/watchdog.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"

/*
 * After RETIRE, how long to wait for the client to close. By then no request can still be on its way: whoever looks at
 * the channel before the next one finds RETIRE there.
 */
enum { LINGER_MS = 60000, LOOK_MS = 1000, TRIGGER_MAX = 1024 };

struct kept {
	struct service_context *ctx;
	struct channel *channel;
	bool retired;			/* RETIRE is out */
	msec_t since;			/* the last request, or RETIRE */
	msec_t looked;			/* for others that wait */
};

/* A client that ends, breaks or stops in the middle of a request is not our fault, but worth a line. */
void
kept_complain(const struct service_context *ctx, const struct channel *channel)
{
	uid_t uid = (uid_t)-1;
	gid_t gid;
	pid_t pid = 0;

	socket_peer_ids(channel_fd(channel), &uid, &gid, &pid);
	log_warn("%s: client process %ld (uid %ld): %s", service_name(ctx), (long)pid, (long)uid,
	    channel_why(channel));
}

/* A client of many asks thousands of questions on its one connection: there connections are uses (many_clients.c). */
static bool
request_done(struct service_context *ctx)
{
	if (ctx->service->shape != SERVICE_MANY_CLIENTS)
		return service_spent(ctx);
	master_link_served(ctx);
	return ctx->retiring;
}

static void
take_trigger(struct service_context *ctx, struct view bytes)
{
	watchdog_working(true);
	ctx->service->trigger(ctx, bytes);
	watchdog_working(false);
	service_spent(ctx);
}

static bool
receive_trigger(struct service_context *ctx, int fd)
{
	char bytes[TRIGGER_MAX];
	ssize_t n;

	if (ctx->service->trigger == NULL || (n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) <= 0)
		return false;
	take_trigger(ctx, view_bytes(bytes, (size_t)n));
	return true;
}

bool
kept_trigger_first(struct service_context *ctx, int fd)
{
	bool taken = receive_trigger(ctx, fd);

	if (taken)
		close(fd);
	return taken;
}

bool
kept_greet(struct service_context *ctx, struct channel *channel, msec_t deadline)
{
	channel_greet(channel);
	if (channel_flush(channel, deadline) == CHANNEL_OK)
		return true;
	receive_trigger(ctx, channel_fd(channel));
	return false;
}

bool
kept_trigger_rest(struct service_context *ctx, const struct channel *channel)
{
	struct view bytes = channel_remains(channel);

	if (ctx->service->trigger == NULL || bytes.len == 0 || bytes.len >= FRAME_HEADER)
		return false;
	take_trigger(ctx, bytes);
	return true;
}

static msec_t
ipc_deadline(const struct service_context *ctx)
{
	return clock_deadline((msec_t)ctx->limits.ipc_timeout_sec * 1000);
}

bool
kept_serve_request(struct service_context *ctx, struct channel *channel, const struct frame *request,
    bool *retired)
{
	enum service_answer answer;

	watchdog_working(true);
	answer = ctx->service->serve(ctx, channel, request);
	watchdog_working(false);
	*retired = request_done(ctx) || *retired;
	if (answer == SERVICE_HANG_UP)
		return false;
	if (*retired)
		channel_put_retire(channel);
	else
		channel_put_ready(channel);
	return channel_flush(channel, ipc_deadline(ctx)) == CHANNEL_OK;
}

/* Whoever waits for a process while we are kept for one client is served after this request. */
static void
look_for_others(struct kept *kept)
{
	msec_t now = clock_now();

	if (now - kept->looked < LOOK_MS)
		return;
	kept->looked = now;
	if (listeners_somebody_waits(kept->ctx))
		kept->retired = true;
}

static bool
serve_one(struct kept *kept)
{
	struct frame request;
	enum channel_result result;

	result = channel_read(kept->channel, &request, ipc_deadline(kept->ctx));
	if (result != CHANNEL_OK) {
		if (result != CHANNEL_EOF && !kept_trigger_rest(kept->ctx, kept->channel))
			kept_complain(kept->ctx, kept->channel);
		return false;
	}
	service_look(kept->ctx);
	look_for_others(kept);
	kept->retired = kept->retired || kept->ctx->retiring;
	if (!kept_serve_request(kept->ctx, kept->channel, &request, &kept->retired))
		return false;
	kept->since = clock_now();
	return true;
}

/* READY is out, and we want to leave: the client may have sent a request that crosses this. */
static bool
say_retire(struct kept *kept)
{
	kept->retired = true;
	kept->since = clock_now();
	channel_put_retire(kept->channel);
	return channel_flush(kept->channel, ipc_deadline(kept->ctx)) == CHANNEL_OK;
}

/* No request came. */
static bool
rest(struct kept *kept)
{
	struct service_context *ctx = kept->ctx;

	if (kept->retired)
		return clock_now() - kept->since < LINGER_MS;
	service_look(ctx);
	look_for_others(kept);
	if (service_too_idle(ctx, kept->since))
		ctx->retiring = true;
	return ctx->retiring || kept->retired ? say_retire(kept) : true;
}

/* True: a request, or the end of the connection, can be read. */
static bool
request_came(struct kept *kept)
{
	struct pollfd fds[] = {
		{ channel_fd(kept->channel), POLLIN, 0 },
		{ MASTER_STATUS_FD, 0, 0 },
	};
	nfds_t count = kept->retired || kept->ctx->options.standalone ? 1 : 2;

	if (channel_pending(kept->channel))
		return true;
	if (poll(fds, count, LOOK_MS) == -1)
		return false;
	if (count == 2 && fds[1].revents != 0)
		kept->ctx->retiring = true;
	return fds[0].revents != 0;
}

void
kept_serve(struct service_context *ctx, int fd)
{
	struct kept kept = { .ctx = ctx, .since = clock_now(), .looked = clock_now() };
	struct channel *channel;
	bool alive;

	if (kept_trigger_first(ctx, fd))
		return;
	channel = kept.channel = channel_new(fd, ctx->service->protocol);
	alive = kept_greet(ctx, channel, ipc_deadline(ctx));
	while (alive)
		alive = request_came(&kept) ? serve_one(&kept) : rest(&kept);
	if (ctx->service->client_gone != NULL)
		ctx->service->client_gone(ctx, channel);
	channel_free(channel);
}
