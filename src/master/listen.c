#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/listen.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"
#include "util/net/known_ports.h"

#define BACKLOG		SOMAXCONN
#define MAX_ADDRESSES	256	/* of one service */

/* -- names: "smtp", "host:port", "[2001:db8::1]:25" ----------------------------------------------------------------- */

/* The host is empty for a port alone. */
static void
split_host(struct view name, struct view *host, struct view *port)
{
	if (!view_rsplit(name, ':', host, port)) {
		*host = VIEW_EMPTY;
		*port = name;
	}
	if (host->len >= 2 && host->data[0] == '[' && host->data[host->len - 1] == ']')
		*host = view_slice(*host, 1, host->len - 1);
}

static char *
inet_endpoint(const struct service_entry *service, struct buf *why)
{
	struct buf endpoint = BUF_INIT;
	struct view host, port_name;
	uint16_t port;

	split_host(view_string(service->name), &host, &port_name);
	if (!known_port(view_string(service->master->settings.known_tcp_ports), port_name, &port)) {
		why_set(why, "service \"%s\": unknown port \"%.*s\"", service->name, VIEW_ARG(port_name));
		return NULL;
	}
	buf_puts(&endpoint, "inet:");
	buf_putv(&endpoint, host);
	buf_printf(&endpoint, "%s%u", host.len > 0 ? ":" : "", port);
	return buf_detach(&endpoint);
}

char *
listen_endpoint(const struct service_entry *service, const struct master_entry *line, struct buf *why)
{
	struct buf endpoint = BUF_INIT;

	if (line->type == MASTER_INET)
		return inet_endpoint(service, why);
	buf_printf(&endpoint, "%s:%s/%s", master_type_name(line->type), line->private_ ? "private" : "public", line->name);
	return buf_detach(&endpoint);
}

const char *
listen_place(const struct service_entry *service)
{
	return strchr(service->endpoint, ':') + 1;
}

/* -- sockets on the network ----------------------------------------------------------------------------------------- */

struct addresses {
	struct netaddr list[MAX_ADDRESSES];
	size_t count;
};

/* AF_UNSPEC: both. */
static int
wanted_family(const char *inet_protocols)
{
	struct view rest = view_string(inet_protocols), word;
	bool ipv4 = false, ipv6 = false;

	while (view_word(&rest, " \t\r\n,", &word)) {
		ipv4 |= view_is_nocase(word, "ipv4") || view_is_nocase(word, "all");
		ipv6 |= view_is_nocase(word, "ipv6") || view_is_nocase(word, "all");
	}
	return ipv4 == ipv6 ? AF_UNSPEC : ipv4 ? AF_INET : AF_INET6;
}

static bool
add_host(struct addresses *to, struct view host, int family, struct buf *why)
{
	struct buf name = BUF_INIT;
	size_t found;

	buf_set(&name, host);
	found = inet_resolve(buf_c(&name), NULL, family, to->list + to->count, MAX_ADDRESSES - to->count, why);
	to->count += found;
	buf_fini(&name);
	return found > 0;
}

static void
add_fixed(struct addresses *to, const char *ipv4, const char *ipv6, int family)
{
	if (family != AF_INET6 && to->count < MAX_ADDRESSES)
		netaddr_parse(view_string(ipv4), &to->list[to->count++]);
	if (family != AF_INET && to->count < MAX_ADDRESSES)
		netaddr_parse(view_string(ipv6), &to->list[to->count++]);
}

static bool
add_interface(struct addresses *to, struct view word, int family, struct buf *why)
{
	if (view_is_nocase(word, "all"))
		add_fixed(to, "0.0.0.0", "::", family);
	else if (view_is_nocase(word, "loopback-only"))
		add_fixed(to, "127.0.0.1", "::1", family);
	else if (word.len >= 2 && word.data[0] == '[' && word.data[word.len - 1] == ']')
		return add_host(to, view_slice(word, 1, word.len - 1), family, why);
	else
		return add_host(to, word, family, why);
	return true;
}

static bool
add_interfaces(struct addresses *to, const char *inet_interfaces, int family, struct buf *why)
{
	struct view rest = view_string(inet_interfaces), word;

	while (view_word(&rest, " \t\r\n,", &word))
		if (!add_interface(to, word, family, why))
			return false;
	return true;
}

/* A family that the kernel lacks, asked for by "all", is no error as long as the other one works. */
static bool
may_be_absent(const struct netaddr *at)
{
	static const unsigned char zero[16];

	return at->family == AF_INET6 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) &&
	    (memcmp(at->bytes, zero, sizeof(zero)) == 0 || memcmp(at->bytes, &in6addr_loopback, sizeof(zero)) == 0);
}

static void
add_listener(struct service_entry *service, int fd)
{
	struct listener *listener = &service->listeners[service->listener_count++];

	listener->service = service;
	listener->fd = fd;
}

static bool
open_addresses(struct service_entry *service, struct addresses *at, uint16_t port, struct buf *why)
{
	int fd;

	service->listeners = mem_new_array(at->count, sizeof(*service->listeners));
	for (size_t i = 0; i < at->count; i++) {
		at->list[i].port = port;
		service->remote = service->remote || !netaddr_is_loopback(&at->list[i]);
		if ((fd = inet_listen(&at->list[i], BACKLOG, why)) != -1)
			add_listener(service, fd);
		else if (!may_be_absent(&at->list[i]))
			return false;
	}
	if (service->listener_count == 0)
		why_set(why, "service \"%s\": no address to listen on", service->name);
	return service->listener_count > 0;
}

static bool
open_inet(struct service_entry *service, struct buf *why)
{
	const struct master_settings *settings = &service->master->settings;
	struct addresses *at = mem_new(sizeof(*at));
	int family = wanted_family(settings->inet_protocols);
	struct view host, port_name;
	uint16_t port = 0;
	bool good;

	split_host(view_string(listen_place(service)), &host, &port_name);
	known_port(VIEW_EMPTY, port_name, &port);
	good = host.len > 0 ? add_host(at, host, family, why) :
	    add_interfaces(at, settings->inet_interfaces, family, why);
	good = good && open_addresses(service, at, port, why);
	mem_free(at);
	return good;
}

/* -- sockets and pipes in the queue directory ------------------------------------------------------------------------ */

static int
open_fifo(const char *path, struct buf *why)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISFIFO(st.st_mode) && unlink(path) == -1) {
		why_set(why, "remove %s: %s", path, strerror(errno));
		return -1;
	}
	if (mkfifo(path, 0622) == -1 && errno != EEXIST) {
		why_set(why, "make %s: %s", path, strerror(errno));
		return -1;
	}
	if (chmod(path, 0622) == -1) {
		why_set(why, "set mode of %s: %s", path, strerror(errno));
		return -1;
	}
	return file_open(path, O_RDWR | O_NONBLOCK, 0, why);	/* read and write: no end of file between writers */
}

static int
open_local(struct service_entry *service, struct buf *why)
{
	const char *path = listen_place(service);

	switch (service->type) {
	case MASTER_FIFO:
		return open_fifo(path, why);
	case MASTER_UNIX_DGRAM:
		return unix_dgram_bind(path, 0666, why);
	default:
		return unix_listen(path, 0666, BACKLOG, why);
	}
}

/*
 * As mail_owner, who owns the directories: root makes nothing where somebody else may write. The directories, not the
 * modes of the sockets, say who may connect.
 */
static bool
open_unix(struct service_entry *service, struct buf *why)
{
	bool privileged = service->master->privileged;
	int fd;

	if (privileged)
		identity_assume(&service->master->owner);
	fd = open_local(service, why);
	if (privileged)
		identity_restore();
	if (fd == -1)
		return false;
	service->listeners = mem_new_array(1, sizeof(*service->listeners));
	add_listener(service, fd);
	return true;
}

bool
listen_open(struct service_entry *service, struct buf *why)
{
	return service->type == MASTER_INET ? open_inet(service, why) : open_unix(service, why);
}

/* A socket file stays: whoever opens the same place next replaces it, and until then clients are refused. */
void
listen_close(struct service_entry *service)
{
	for (size_t i = 0; i < service->listener_count; i++) {
		loop_io_stop(&service->listeners[i].io);
		close(service->listeners[i].fd);
	}
	mem_free(service->listeners);
	service->listeners = NULL;
	service->listener_count = 0;
}
