#include "load/common/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "util/base/number.h"
#include "util/base/process_id.h"
#include "util/log/log.h"

struct sink {
	struct sink_settings settings;
	const struct sink_protocol *protocol;
	const void *arg;
	struct loop *loop;
	struct loop_timer end;
	struct listener {
		struct sink *sink;
		struct loop_io io;
		int fd;
	} listeners[PLACE_ADDRESSES_MAX];
	size_t listener_count;
	struct list clients;
	int open, sessions, quits, messages;
	bool accepting;
};

/* -- counting --------------------------------------------------------------------------------------------------------- */

static void
count(struct sink *sink, int *counter)
{
	++*counter;
	if (!sink->settings.counter)
		return;
	fprintf(stdout, "sess=%d quit=%d mesg=%d\r", sink->sessions, sink->quits, sink->messages);
	fflush(stdout);
}

void
sink_message_done(struct sink_client *client)
{
	struct sink *sink = client->sink;

	count(sink, &sink->messages);
	if (sink->settings.messages_max > 0 && sink->messages >= sink->settings.messages_max)
		loop_stop(sink->loop);
}

void
sink_quit_seen(struct sink_client *client)
{
	count(client->sink, &client->sink->quits);
}

/* -- clients ---------------------------------------------------------------------------------------------------------- */

static void	watch_listeners(struct sink *sink);

static void
release(void *arg)
{
	struct sink_client *client = arg;

	mem_free(client->state);
	mem_free(client);
}

static void
forget(struct sink_client *client)
{
	struct sink *sink = client->sink;

	loop_timer_stop(&client->silence);
	loop_timer_stop(&client->pause);
	if (sink->protocol->closed != NULL)
		sink->protocol->closed(client);
	conn_close(client->conn);
	list_remove(&client->link);
	sink->open--;
	loop_defer(sink->loop, release, client);
}

static void
gone(struct sink_client *client)
{
	struct sink *sink = client->sink;

	forget(client);
	count(sink, &sink->sessions);
	if (sink->settings.sessions_max > 0 && sink->sessions >= sink->settings.sessions_max)
		loop_stop(sink->loop);
	watch_listeners(sink);
}

void
sink_close(struct sink_client *client, bool flush)
{
	client->closing = true;
	conn_read(client->conn, false);
	if (flush)
		conn_flush(client->conn);
	if (!flush || conn_out(client->conn)->len == 0)
		gone(client);
}

static void
silent(void *arg)
{
	struct sink_client *client = arg;

	log_debug(1, "a client is silent");
	sink_close(client, false);
}

static void
listen_to(struct sink_client *client)
{
	const struct sink_settings *settings = &client->sink->settings;

	if (settings->timeout_sec > 0)
		loop_timer_start(client->sink->loop, &client->silence, (msec_t)settings->timeout_sec * 1000, silent, client);
}

static void
pause_over(void *arg)
{
	struct sink_client *client = arg;

	conn_read(client->conn, true);
	listen_to(client);
	client->then(client);
}

void
sink_pause(struct sink_client *client, msec_t ms, void (*then)(struct sink_client *client))
{
	client->then = then;
	conn_read(client->conn, false);
	loop_timer_stop(&client->silence);
	loop_timer_start(client->sink->loop, &client->pause, ms, pause_over, client);
}

bool
sink_paused(const struct sink_client *client)
{
	return loop_timer_running(&client->pause);
}

static void
handle(struct conn *conn, enum conn_event event, void *arg)
{
	struct sink_client *client = arg;

	if (event == CONN_GONE || (event == CONN_SENT && client->closing)) {
		gone(client);
	} else if (event == CONN_INPUT && !client->closing) {
		listen_to(client);
		client->sink->protocol->input(client);
	}
}

/* -- listening -------------------------------------------------------------------------------------------------------- */

static void
add_client(struct sink *sink, int fd, const struct sockaddr *sa, socklen_t len)
{
	struct sink_client *client = mem_new(sizeof(*client));

	client->sink = sink;
	client->state = mem_new(sink->protocol->state_size + 1);
	if (!netaddr_from_sockaddr(sa, len, &client->peer))
		client->peer.family = AF_UNSPEC;
	client->conn = conn_new(sink->loop, fd, false, handle, client);
	list_append(&sink->clients, &client->link);
	sink->open++;
	listen_to(client);
	sink->protocol->opened(client);
}

static void
accept_one(int listener, int what, void *arg)
{
	struct sink *sink = ((struct listener *)arg)->sink;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int fd = accept4(listener, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd != -1)
		add_client(sink, fd, (struct sockaddr *)&sa, len);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		log_fatal("accept: %s", strerror(errno));
	watch_listeners(sink);
}

/* Clients above the limit wait in the backlog. */
static void
watch_listeners(struct sink *sink)
{
	bool wanted = sink->settings.clients_max == 0 || sink->open < sink->settings.clients_max;

	if (wanted == sink->accepting)
		return;
	sink->accepting = wanted;
	for (size_t i = 0; i < sink->listener_count; i++) {
		struct listener *listener = &sink->listeners[i];

		if (wanted)
			loop_io_start(sink->loop, &listener->io, listener->fd, LOOP_READ, accept_one, listener);
		else
			loop_io_stop(&listener->io);
	}
}

static void
open_listeners(struct sink *sink, const char *target, const char *backlog)
{
	struct place place;
	int fds[PLACE_ADDRESSES_MAX];
	long long length;

	if (!number_parse(backlog, 0, INT32_MAX, &length))
		log_fatal("bad backlog: %s", backlog);
	place_find(&place, target, "", sink->settings.family);
	sink->listener_count = place_listen(&place, (int)length, sink->settings.window, fds);
	for (size_t i = 0; i < sink->listener_count; i++)
		sink->listeners[i] = (struct listener){ .sink = sink, .fd = fds[i] };
	if (sink->settings.listening != NULL)
		sink->settings.listening(sink->arg);
	watch_listeners(sink);
}

static void
time_is_over(void *arg)
{
	loop_stop(arg);
}

const void *
sink_arg(const struct sink *sink)
{
	return sink->arg;
}

void
sink_run(const struct sink_settings *settings, const struct sink_protocol *protocol, const char *target,
    const char *backlog, const void *arg)
{
	struct sink *sink = mem_new(sizeof(*sink));

	sink->settings = *settings;
	sink->protocol = protocol;
	sink->arg = arg;
	list_init(&sink->clients);
	srandom((unsigned)process_id() ^ (unsigned)time(NULL));
	place_raise_limits();
	sink->loop = loop_new();
	open_listeners(sink, target, backlog);
	if (settings->seconds_max > 0)
		loop_timer_start(sink->loop, &sink->end, (msec_t)settings->seconds_max * 1000, time_is_over, sink->loop);
	loop_run(sink->loop);
	if (settings->counter)
		fprintf(stdout, "\n");
	exit(0);		/* with all that is still open */
}
