#include "table/remote.h"

#include <errno.h>

#include "util/base/mem.h"
#include "util/net/endpoint.h"

enum { ADDRESSES_MAX = 16, TRIES = 2 };

struct remote {
	char *name;			/* as given, for messages */
	char *path;			/* unix; or NULL, and these: */
	char *host, *port;
	struct remote_limits limits;
	struct stream *stream;		/* NULL: not connected */
	msec_t connected, used;
};

static char *
text_of(struct view v)
{
	struct buf text = BUF_INIT;

	buf_putv(&text, v);
	return buf_detach(&text);
}

static bool
parse(struct remote *remote, struct view endpoint)
{
	struct view host, port;

	if (view_starts(endpoint, VIEW("unix:"))) {
		remote->path = text_of(view_slice(endpoint, 5, endpoint.len));
		return endpoint.len > 5;
	}
	if (view_starts(endpoint, VIEW("inet:")))
		endpoint = view_slice(endpoint, 5, endpoint.len);
	if (!view_rsplit(endpoint, ':', &host, &port) || host.len == 0 || port.len == 0)
		return false;
	if (host.data[0] == '[' && host.data[host.len - 1] == ']')
		host = view_slice(host, 1, host.len - 1);
	remote->host = text_of(host);
	remote->port = text_of(port);
	return true;
}

struct remote *
remote_new(struct view endpoint, const struct remote_limits *limits, struct buf *why)
{
	struct remote *remote = mem_new(sizeof(*remote));

	remote->name = text_of(endpoint);
	remote->limits = *limits;
	if (parse(remote, endpoint))
		return remote;
	why_set(why, "bad endpoint \"%s\": need inet:host:port or unix:path", remote->name);
	remote_free(remote);
	return NULL;
}

static void
drop(struct remote *remote)
{
	if (remote->stream != NULL)
		stream_free(remote->stream);
	remote->stream = NULL;
}

void
remote_free(struct remote *remote)
{
	if (remote == NULL)
		return;
	drop(remote);
	mem_free(remote->name);
	mem_free(remote->path);
	mem_free(remote->host);
	mem_free(remote->port);
	mem_free(remote);
}

/* -- connecting ------------------------------------------------------------------------------------------------------- */

static int
connect_inet(const struct remote *remote, msec_t deadline, struct buf *why)
{
	struct netaddr addresses[ADDRESSES_MAX];
	size_t count = inet_resolve(remote->host, remote->port, AF_UNSPEC, addresses, ADDRESSES_MAX, why);
	int fd = -1;

	for (size_t i = 0; i < count && fd == -1; i++)
		fd = inet_connect(&addresses[i], NULL, deadline, why);
	return fd;
}

static bool
connect_now(struct remote *remote, struct buf *why)
{
	msec_t deadline = clock_deadline(remote->limits.timeout);
	int fd = remote->path != NULL ? unix_connect(remote->path, deadline, why) : connect_inet(remote, deadline, why);

	if (fd == -1)
		return false;
	remote->stream = stream_new_socket(fd);
	remote->connected = clock_now();
	return true;
}

/* One that was not used for long is not trusted, nor one with bytes that nobody asked for. */
static void
drop_stale(struct remote *remote)
{
	msec_t now = clock_now();

	if (remote->stream != NULL && (now - remote->used >= remote->limits.idle ||
	    now - remote->connected >= remote->limits.lifetime || stream_readable(remote->stream)))
		drop(remote);
}

bool
remote_ask(struct remote *remote, remote_exchange *exchange, void *arg, struct buf *why)
{
	struct buf reason = BUF_INIT;
	enum remote_result result = REMOTE_LOST;

	drop_stale(remote);
	for (int i = 0; i < TRIES && result == REMOTE_LOST; i++) {
		if (remote->stream == NULL && !connect_now(remote, &reason))
			break;
		stream_set_deadline(remote->stream, clock_deadline(remote->limits.timeout));
		why_set(&reason, "connection lost");
		result = exchange(remote->stream, arg, &reason);
		remote->used = clock_now();
		if (result != REMOTE_ANSWERED)
			drop(remote);
	}
	if (result != REMOTE_ANSWERED)
		why_set(why, "table server %s: %s", remote->name, buf_c(&reason));
	buf_fini(&reason);
	return result == REMOTE_ANSWERED;
}
