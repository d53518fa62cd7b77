/*
 * endpoint: making sockets. UNIX-domain paths are relative to the working directory. Everything is close-on-exec, and
 * does not block.
 */
#ifndef UTIL_NET_ENDPOINT_H
#define UTIL_NET_ENDPOINT_H

#include "util/base/clock.h"
#include "util/net/netaddr.h"

int	unix_connect(const char *path, msec_t deadline, struct buf *why);	/* does not block; deadline 0: do not wait */
int	unix_connect_start(const char *path, struct buf *why);			/* non-blocking socket */
int	unix_listen(const char *path, mode_t mode, int backlog, struct buf *why);	/* replaces a stale socket; non-blocking */
int	unix_dgram_bind(const char *path, mode_t mode, struct buf *why);
int	inet_connect(const struct netaddr *to, const struct netaddr *from, msec_t deadline, struct buf *why);	/* from may be NULL */
int	inet_listen(const struct netaddr *at, int backlog, struct buf *why);	/* SO_REUSEADDR; IPV6_V6ONLY; non-blocking */
/* Host name or address, port name or number → addresses, by getaddrinfo. family AF_UNSPEC: both. 0 on failure. */
size_t	inet_resolve(const char *host, const char *port, int family, struct netaddr *out, size_t max, struct buf *why);
/* Of the sockets that inet_connect() and inet_listen() make from now on; outside 1..65535: what the system thinks best. */
void	inet_set_window(int bytes);
bool	inet_port(const char *name, uint16_t *port);	/* number or service name */
/* The addresses of the host's own interfaces, with their networks; those without a netmask are left out. */
size_t	inet_own_interfaces(struct netblock *out, size_t max);
bool	socket_peer_ids(int fd, uid_t *uid, gid_t *gid, pid_t *pid);	/* SO_PEERCRED */

#endif
