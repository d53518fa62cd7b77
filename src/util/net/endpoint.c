#include "util/net/endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/file/file.h"
#include "util/base/number.h"

static bool
unix_address(const char *path, struct sockaddr_un *out, struct buf *why)
{
	size_t len = strlen(path);

	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (len >= sizeof(out->sun_path)) {
		errno = ENAMETOOLONG;
		why_set(why, "%s: socket path is longer than %zu bytes", path, sizeof(out->sun_path) - 1);
		return false;
	}
	memcpy(out->sun_path, path, len);
	return true;
}

static int
fail(int fd, const char *what, const char *where, struct buf *why)
{
	int error = errno;

	if (fd != -1)
		close(fd);
	errno = error;
	why_set(why, "%s %s: %s", what, where, strerror(error));
	return -1;
}

/* Waits until a connection under way is there or failed. */
static bool
connect_wait(int fd, msec_t deadline)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!fd_wait(fd, POLLOUT, deadline) || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return false;
	errno = error;
	return error == 0;
}

static int
unix_socket(const char *path, struct sockaddr_un *to, struct buf *why)
{
	int fd;

	if (!unix_address(path, to, why))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd == -1 ? fail(fd, "socket for", path, why) : fd;
}

int
unix_connect_start(const char *path, struct buf *why)
{
	struct sockaddr_un to;
	int fd = unix_socket(path, &to, why);

	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1 && errno != EINPROGRESS)
		return fail(fd, "connect to", path, why);
	return fd;
}

/*
 * A UNIX-domain connect that finds the backlog full fails with EAGAIN and there is nothing to poll for: so try again a
 * little later.
 */
int
unix_connect(const char *path, msec_t deadline, struct buf *why)
{
	enum { PAUSE_MS = 5 };
	struct sockaddr_un to;
	int fd = unix_socket(path, &to, why);

	if (fd == -1)
		return -1;
	while (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		if (errno == EINPROGRESS && connect_wait(fd, deadline))
			break;
		if (errno != EAGAIN && errno != EINTR)
			return fail(fd, "connect to", path, why);
		if (deadline == 0 || (deadline != CLOCK_NEVER && clock_now() >= deadline))
			return fail(fd, "connect to", path, why);
		poll(NULL, 0, PAUSE_MS);
	}
	return fd;
}

/* Binds with exactly this mode, whatever the umask. */
static int
unix_bind(const char *path, int type, mode_t mode, struct buf *why)
{
	struct sockaddr_un at;
	struct stat st;
	mode_t umask_before;
	int fd, bound;

	if (!unix_address(path, &at, why))
		return -1;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return fail(-1, "bind", path, why);
	}
	unlink(path);
	if ((fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) == -1)
		return fail(fd, "socket for", path, why);
	umask_before = umask(0777 & ~mode);
	bound = bind(fd, (struct sockaddr *)&at, sizeof(at));
	umask(umask_before);
	return bound == -1 ? fail(fd, "bind", path, why) : fd;
}

int
unix_listen(const char *path, mode_t mode, int backlog, struct buf *why)
{
	int fd = unix_bind(path, SOCK_STREAM, mode, why);

	return fd != -1 && listen(fd, backlog) == -1 ? fail(fd, "listen on", path, why) : fd;
}

int
unix_dgram_bind(const char *path, mode_t mode, struct buf *why)
{
	return unix_bind(path, SOCK_DGRAM, mode, why);
}

/* Whoever writes through a stream writes when it has said all: to hold small packets back only costs time. */
static void
send_at_once(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* A setting of the process, for the sake of routers that cannot scale windows. */
static int window;

void
inet_set_window(int bytes)
{
	window = bytes > 0 && bytes < 65536 ? bytes : 0;
}

/* Before the connection is made: the scale is settled with it. */
static void
limit_window(int fd)
{
	if (window > 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &window, sizeof(window));
	}
}

static int
inet_fail(int fd, const char *what, const struct netaddr *addr, struct buf *why)
{
	struct buf text = BUF_INIT;
	int error = errno;

	netaddr_put(&text, addr);
	if (addr->port != 0)
		buf_printf(&text, " port %u", (unsigned)addr->port);
	errno = error;
	fail(fd, what, buf_c(&text), why);
	buf_fini(&text);
	return -1;
}

int
inet_connect(const struct netaddr *to, const struct netaddr *from, msec_t deadline, struct buf *why)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int fd = socket(to->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return inet_fail(fd, "socket for", to, why);
	send_at_once(fd);
	limit_window(fd);
	if (from != NULL) {
		len = netaddr_to_sockaddr(from, &sa);
		if (bind(fd, (struct sockaddr *)&sa, len) == -1)
			return inet_fail(fd, "bind", from, why);
	}
	len = netaddr_to_sockaddr(to, &sa);
	if (connect(fd, (struct sockaddr *)&sa, len) == -1 && (errno != EINPROGRESS || !connect_wait(fd, deadline)))
		return inet_fail(fd, "connect to", to, why);
	return fd;
}

int
inet_listen(const struct netaddr *at, int backlog, struct buf *why)
{
	struct sockaddr_storage sa;
	socklen_t len = netaddr_to_sockaddr(at, &sa);
	int on = 1, fd = socket(at->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return inet_fail(fd, "socket for", at, why);
	send_at_once(fd);		/* what is accepted inherits it */
	limit_window(fd);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sa, len) == -1)
		return inet_fail(fd, "bind", at, why);
	if (listen(fd, backlog) == -1)
		return inet_fail(fd, "listen on", at, why);
	return fd;
}

bool
inet_port(const char *name, uint16_t *port)
{
	struct servent *service;
	long long number;

	if (number_parse(name, 1, 65535, &number)) {
		*port = (uint16_t)number;
		return true;
	}
	if ((service = getservbyname(name, "tcp")) == NULL)
		return false;
	*port = ntohs((uint16_t)service->s_port);
	return true;
}

size_t
inet_resolve(const char *host, const char *port, int family, struct netaddr *out, size_t max, struct buf *why)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM }, *list, *at;
	uint16_t number = 0;
	size_t count = 0;
	int error;

	if (port != NULL && !inet_port(port, &number)) {
		why_set(why, "unknown port \"%s\"", port);
		return 0;
	}
	if ((error = getaddrinfo(host, NULL, &hints, &list)) != 0) {
		why_set(why, "host %s: %s", host, gai_strerror(error));
		return 0;
	}
	for (at = list; at != NULL && count < max; at = at->ai_next)
		if (netaddr_from_sockaddr(at->ai_addr, at->ai_addrlen, &out[count]))
			out[count++].port = number;
	freeaddrinfo(list);
	if (count == 0)
		why_set(why, "host %s: no address", host);
	return count;
}

static unsigned
mask_bits(const struct netaddr *mask)
{
	unsigned bits = 0;

	while (bits < netaddr_bits(mask) && (mask->bytes[bits / 8] & 0x80u >> bits % 8) != 0)
		bits++;
	return bits;
}

/* The mask as it stands: an IPv6 mask must not be taken for a mapped address. */
static void
raw_mask(const struct sockaddr *sa, struct netaddr *out)
{
	memset(out, 0, sizeof(*out));
	out->family = sa->sa_family;
	if (sa->sa_family == AF_INET)
		memcpy(out->bytes, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	else
		memcpy(out->bytes, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
}

size_t
inet_own_interfaces(struct netblock *out, size_t max)
{
	struct ifaddrs *list, *at;
	struct netaddr mask;
	size_t count = 0;

	if (getifaddrs(&list) == -1)
		return 0;
	for (at = list; at != NULL && count < max; at = at->ifa_next) {
		if (at->ifa_addr == NULL || at->ifa_netmask == NULL ||
		    (at->ifa_addr->sa_family != AF_INET && at->ifa_addr->sa_family != AF_INET6))
			continue;
		raw_mask(at->ifa_netmask->sa_family != 0 ? at->ifa_netmask : at->ifa_addr, &mask);
		mask.family = at->ifa_addr->sa_family;
		if (!netaddr_from_sockaddr(at->ifa_addr, sizeof(struct sockaddr_in6), &out[count].addr))
			continue;
		out[count++].prefix = mask_bits(&mask);
	}
	freeifaddrs(list);
	return count;
}

bool
socket_peer_ids(int fd, uid_t *uid, gid_t *gid, pid_t *pid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return false;
	*uid = peer.uid;
	*gid = peer.gid;
	*pid = peer.pid;
	return true;
}
