/*
 * many_clients: many connections, one whole request at a time. A request is one frame, and a client has one request
 * under way at most, so answers always fit into its socket: a client that does not take one is dropped.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "global/maillog/postlog_sink.h"
#include "service/kept.h"
#include "service/listeners.h"
#include "service/master_link.h"
#include "service/master_protocol.h"
#include "util/log/log.h"

/* Lookups are repeated by clients whose request was lost, so that a short wait after RETIRE is enough. */
enum { EVENTS_MAX = 64, LINGER_MS = 2000, CLIENTS_MAX = 4096, NOW = 0 };

struct client {
	struct list link;
	struct channel *channel;
	bool retired;
};

struct server {
	struct service_context *ctx;
	int set;
	struct list clients;
	struct client **by_fd;
	size_t by_fd_size, count;
	msec_t since;			/* the last request, or RETIRE */
};

/* -- clients ------------------------------------------------------------------------------------- */

static struct client *
client_of(const struct server *server, int fd)
{
	return (size_t)fd < server->by_fd_size ? server->by_fd[fd] : NULL;
}

static void
remember(struct server *server, int fd, struct client *client)
{
	size_t size = server->by_fd_size;

	if ((size_t)fd >= size) {
		server->by_fd_size = (size_t)fd * 2;
		server->by_fd = mem_resize(server->by_fd, server->by_fd_size * sizeof(struct client *));
		memset(server->by_fd + size, 0, (server->by_fd_size - size) * sizeof(struct client *));
	}
	server->by_fd[fd] = client;
}

static void
client_close(struct server *server, struct client *client)
{
	struct service_context *ctx = server->ctx;

	if (ctx->service->client_gone != NULL)
		ctx->service->client_gone(ctx, client->channel);
	server->by_fd[channel_fd(client->channel)] = NULL;
	list_remove(&client->link);
	server->count--;
	channel_free(client->channel);		/* leaves the set by itself */
	mem_free(client);
	service_spent(ctx);
}

static void
client_open(struct server *server, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	struct client *client;

	if (kept_trigger_first(server->ctx, fd))
		return;
	if (server->count >= CLIENTS_MAX || epoll_ctl(server->set, EPOLL_CTL_ADD, fd, &event) == -1) {
		log_warn("%s: too many clients", service_name(server->ctx));
		close(fd);
		return;
	}
	client = mem_new(sizeof(*client));
	client->channel = channel_new(fd, server->ctx->service->protocol);
	list_append(&server->clients, &client->link);
	server->count++;
	remember(server, fd, client);
	if (!kept_greet(server->ctx, client->channel, NOW))
		client_close(server, client);
}

/* -- requests ------------------------------------------------------------------------------------ */

static void
serve_client(struct server *server, struct client *client)
{
	struct frame request;
	enum channel_result result = channel_read(client->channel, &request, NOW);
	bool alive = result == CHANNEL_TIMEOUT;		/* half a frame */

	if (result == CHANNEL_BROKEN && !kept_trigger_rest(server->ctx, client->channel))
		kept_complain(server->ctx, client->channel);
	if (result == CHANNEL_OK) {
		alive = kept_serve_request(server->ctx, client->channel, &request, &client->retired);
		server->since = clock_now();
	}
	if (!alive)
		client_close(server, client);
}

static void
serve_event(struct server *server, int fd)
{
	struct client *client;

	if (fd == MASTER_STATUS_FD)
		server->ctx->retiring = true;
	else if (listeners_has(server->ctx, fd)) {
		if ((fd = listeners_accept(server->ctx, fd, 0)) != -1)
			client_open(server, fd);
	} else if ((client = client_of(server, fd)) != NULL)
		serve_client(server, client);
}

static void
serve_events(struct server *server, int wait_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(server->set, events, EVENTS_MAX, wait_ms);

	service_look(server->ctx);
	for (int i = 0; i < n; i++)
		serve_event(server, events[i].data.fd);
}

/* -- leaving ------------------------------------------------------------------------------------- */

static void
stop_listening(struct server *server)
{
	for (int i = 0; i < server->ctx->options.sockets; i++)
		epoll_ctl(server->set, EPOLL_CTL_DEL, MASTER_LISTEN_FD + i, NULL);
	epoll_ctl(server->set, EPOLL_CTL_DEL, MASTER_STATUS_FD, NULL);
}

static void
say_retire(struct server *server)
{
	LIST_FOREACH_SAFE(client, after, &server->clients, struct client, link) {
		if (client->retired)
			continue;
		client->retired = true;
		channel_put_retire(client->channel);
		if (channel_flush(client->channel, NOW) != CHANNEL_OK)
			client_close(server, client);
	}
}

/* Serves what crossed our RETIRE, and waits for all to close. BUSY: master is to start another for new clients. */
static void
finish(struct server *server)
{
	msec_t deadline = clock_deadline(LINGER_MS);

	stop_listening(server);
	master_link_busy(server->ctx, true);
	say_retire(server);
	while (server->count > 0 && clock_poll_ms(deadline) > 0)
		serve_events(server, clock_poll_ms(deadline));
	LIST_FOREACH_SAFE(client, after, &server->clients, struct client, link)
		client_close(server, client);
}

static void
rest(struct server *server)
{
	struct service_context *ctx = server->ctx;

	if (server->count == 0 && service_too_idle(ctx, server->since))
		ctx->retiring = true;
}

void
service_run_many_clients(struct service_context *ctx)
{
	struct server server = { .ctx = ctx, .set = listeners_wait_set(ctx), .since = clock_now() };

	list_init(&server.clients);
	while (!ctx->retiring) {
		maillog_flush();
		serve_events(&server, service_nap_ms(ctx, server.count > 0 ? clock_now() : server.since));
		rest(&server);
	}
	finish(&server);
	mem_free(server.by_fd);
	close(server.set);
}

void
service_busy(struct service_context *ctx, bool busy)
{
	master_link_busy(ctx, busy);
}
