#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "master/listen.h"
#include "master/wakeup.h"
#include "util/net/endpoint.h"

static const char wakeup_byte[] = "W";

/* Failing to send means that the queue of waiting clients is full: the service is awake. */
static void
send_and_close(int fd)
{
	if (fd == -1)
		return;
	(void)!send(fd, wakeup_byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

/* The kernel answers for our own listener at once, unless its queue is full: then it is awake, and we wait no longer. */
static int
connect_inet(const struct listener *listener)
{
	const struct timeval limit = { 0, 100 * 1000 };
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int fd;

	if (getsockname(listener->fd, (struct sockaddr *)&address, &len) == -1 ||
	    (fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, len) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
wake(struct service_entry *service)
{
	struct listener *listener = &service->listeners[0];

	switch (service->type) {
	case MASTER_FIFO:
		(void)!write(listener->fd, wakeup_byte, 1);
		break;
	case MASTER_INET:
		send_and_close(connect_inet(listener));
		break;
	case MASTER_UNIX:
	case MASTER_PASS:
		send_and_close(unix_connect_start(listen_place(service), NULL));
		break;
	case MASTER_UNIX_DGRAM:
		break;		/* a datagram would be taken for a message */
	}
}

static void
time_to_wake(void *arg)
{
	struct service_entry *service = arg;

	loop_timer_start(service->master->loop, &service->wakeup_timer, (msec_t)service->wakeup_sec * 1000, time_to_wake,
	    service);
	if (!service->throttled)
		wake(service);
}

void
wakeup_init(struct service_entry *service)
{
	loop_timer_stop(&service->wakeup_timer);
	if (service->wakeup_sec > 0 && !service->wakeup_if_used)
		time_to_wake(service);
}

void
wakeup_first_use(struct service_entry *service)
{
	if (!service->wakeup_if_used)
		return;
	service->wakeup_if_used = false;
	loop_timer_start(service->master->loop, &service->wakeup_timer, (msec_t)service->wakeup_sec * 1000, time_to_wake,
	    service);
}
