/* place: where a load tool connects to, or listens: "[inet:][host][:port]" or "unix:path". */
#ifndef LOAD_COMMON_PLACE_H
#define LOAD_COMMON_PLACE_H

#include "util/net/netaddr.h"

enum { PLACE_ADDRESSES_MAX = 16 };

struct place {
	const char *path;		/* a socket in the file system; or NULL, and these: */
	struct netaddr addresses[PLACE_ADDRESSES_MAX];
	size_t count;
};

/* Fatal when there is no such place. family: AF_UNSPEC for any. An empty host is any address, for servers. */
void	place_find(struct place *place, const char *text, const char *default_port, int family);
/* Begins to connect; -1 with errno. window: bytes of buffer, 0 as the system has it. next: counts the addresses tried. */
int	place_connect(const struct place *place, size_t address, int window);
/* Listens at all addresses, or is fatal; returns how many there are. */
size_t	place_listen(const struct place *place, int backlog, int window, int fds[PLACE_ADDRESSES_MAX]);
/* -4 and -6 leave one family. */
int	place_family(int option);
/* As many connections as the system grants. */
void	place_raise_limits(void);

#endif
