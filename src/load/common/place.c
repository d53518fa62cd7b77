#include "load/common/place.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/log/log.h"
#include "util/net/endpoint.h"

/* host [ ":" port ]; "[host]" may hold colons. */
static void
split(struct view text, struct view *host, struct view *port)
{
	struct view rest;

	if (view_starts(text, VIEW("[")) && view_split(view_slice(text, 1, text.len), ']', host, &rest)) {
		*port = view_starts(rest, VIEW(":")) ? view_slice(rest, 1, rest.len) : VIEW_EMPTY;
	} else if (!view_rsplit(text, ':', host, port)) {
		*host = text;
		*port = VIEW_EMPTY;
	}
}

/* No host: all addresses of this one. */
static void
any_address(struct place *place, struct view port, int family)
{
	struct buf text = BUF_INIT;
	uint16_t number;

	buf_putv(&text, port);
	if (!inet_port(buf_c(&text), &number))
		log_fatal("unknown port: %s", buf_c(&text));
	for (int each = AF_INET; each != 0; each = each == AF_INET ? AF_INET6 : 0) {
		if (family == AF_UNSPEC || family == each)
			place->addresses[place->count++] = (struct netaddr){ .family = each, .port = number };
	}
	buf_fini(&text);
}

static void
find_inet(struct place *place, struct view text, const char *default_port, int family)
{
	struct buf host = BUF_INIT, port = BUF_INIT, why = BUF_INIT;
	struct view host_text, port_text;

	split(text, &host_text, &port_text);
	buf_putv(&host, host_text);
	buf_putv(&port, view_empty(port_text) ? view_string(default_port) : port_text);
	if (host.len == 0)
		any_address(place, buf_view(&port), family);
	else
		place->count = inet_resolve(buf_c(&host), buf_c(&port), family, place->addresses, PLACE_ADDRESSES_MAX, &why);
	if (place->count == 0)
		log_fatal("%.*s: %s", VIEW_ARG(text), why.len > 0 ? buf_c(&why) : "no such host or port");
	buf_fini(&host);
	buf_fini(&port);
	buf_fini(&why);
}

void
place_find(struct place *place, const char *text, const char *default_port, int family)
{
	struct view rest = view_string(text);

	memset(place, 0, sizeof(*place));
	if (view_starts(rest, VIEW("unix:"))) {
		place->path = text + strlen("unix:");
		return;
	}
	if (view_starts(rest, VIEW("inet:")))
		rest = view_slice(rest, strlen("inet:"), rest.len);
	find_inet(place, rest, default_port, family);
}

static void
set_window(int fd, int window)
{
	if (window > 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)) == -1
	    || setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &window, sizeof(window)) == -1))
		log_warn("TCP window of %d bytes: %s", window, strerror(errno));
}

static int
connect_inet(const struct netaddr *to, int window)
{
	struct sockaddr_storage sa;
	socklen_t len = netaddr_to_sockaddr(to, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, error;

	if (fd == -1)
		return -1;
	set_window(fd, window);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&sa, len) == 0 || errno == EINPROGRESS)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
place_connect(const struct place *place, size_t address, int window)
{
	if (place->path != NULL)
		return unix_connect_start(place->path, NULL);
	return connect_inet(&place->addresses[address % place->count], window);
}

size_t
place_listen(const struct place *place, int backlog, int window, int fds[PLACE_ADDRESSES_MAX])
{
	size_t count = place->path != NULL ? 1 : place->count;
	struct buf why = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		fds[i] = place->path != NULL ? unix_listen(place->path, 0666, backlog, &why)
		    : inet_listen(&place->addresses[i], backlog, &why);
		if (fds[i] == -1)
			log_fatal("%s", buf_c(&why));
		set_window(fds[i], window);
	}
	buf_fini(&why);
	return count;
}

int
place_family(int option)
{
	return option == '4' ? AF_INET : AF_INET6;
}

void
place_raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}
