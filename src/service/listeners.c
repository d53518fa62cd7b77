#include "service/listeners.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/master_protocol.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { SHORTAGE_PAUSE_MS = 1000 };

static void
add(int set, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == -1)
		log_fatal("cannot wait for descriptor %d: %s", fd, strerror(errno));
}

int
listeners_wait_set(const struct service_context *ctx)
{
	int set = epoll_create1(EPOLL_CLOEXEC);

	if (set == -1)
		log_fatal("cannot make an epoll descriptor: %s", strerror(errno));
	add(set, MASTER_STATUS_FD, 0);		/* its end is told without asking */
	for (int i = 0; i < ctx->options.sockets; i++) {
		fd_set_nonblocking(MASTER_LISTEN_FD + i, true);
		add(set, MASTER_LISTEN_FD + i, EPOLLIN | EPOLLEXCLUSIVE);
	}
	return set;
}

bool
listeners_has(const struct service_context *ctx, int fd)
{
	return fd >= MASTER_LISTEN_FD && fd < MASTER_LISTEN_FD + ctx->options.sockets;
}

bool
listeners_short_of_descriptors(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

int
listeners_accept_once(int from, int flags)
{
	int fd;

	do {
		fd = accept4(from, NULL, NULL, SOCK_CLOEXEC | flags);
	} while (fd == -1 && errno == EINTR);
	return fd;
}

static int
accept_or_pause(int from, int flags)
{
	int fd = listeners_accept_once(from, flags);

	if (fd == -1 && listeners_short_of_descriptors(errno)) {
		log_warn("cannot accept a connection: %s", strerror(errno));
		poll(NULL, 0, SHORTAGE_PAUSE_MS);
	}
	return fd;
}

int
listeners_accept(struct service_context *ctx, int from, int flags)
{
	int fd = -1;

	if (from != -1)
		return accept_or_pause(from, flags);
	for (int i = 0; i < ctx->options.sockets && fd == -1; i++)
		fd = accept_or_pause(MASTER_LISTEN_FD + i, flags);
	return fd;
}

bool
listeners_somebody_waits(const struct service_context *ctx)
{
	for (int i = 0; i < ctx->options.sockets; i++) {
		struct pollfd listener = { MASTER_LISTEN_FD + i, POLLIN, 0 };

		if (poll(&listener, 1, 0) == 1)
			return true;
	}
	return false;
}
