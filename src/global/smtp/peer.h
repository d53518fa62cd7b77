/*
 * peer: who is at the other end: address, and the host name that both directions of the DNS agree on.
 */
#ifndef GLOBAL_SMTP_PEER_H
#define GLOBAL_SMTP_PEER_H

#include "util/net/netaddr.h"

enum peer_name {
	PEER_NAME_GOOD,
	PEER_NAME_TEMPORARY,		/* could not be looked up now */
	PEER_NAME_PERMANENT,		/* there is none */
	PEER_NAME_FORGED,		/* the name does not lead back to the address */
};

struct peer {
	struct netaddr addr, server;
	bool show_port;			/* in namaddr */
	struct buf name, reverse_name;	/* "unknown" when there is none; reverse_name need not lead back */
	enum peer_name name_status, reverse_status;
	struct buf address;		/* "192.0.2.1", "2001:db8::1" */
	struct buf rfc_address;		/* "192.0.2.1", "IPv6:2001:db8::1" */
	struct buf namaddr;		/* "name[address]", as the log shows it */
};

/* Who is connected to fd: addresses only. */
void	peer_init(struct peer *peer, int fd, bool show_port);
/* Asks for the names of addr; else they are "unknown". Warns of names that do not lead back. */
void	peer_look_up(struct peer *peer);
/* Another host at the other end (XCLIENT, a proxy): the names stay as they are. AF_UNSPEC: not known. */
void	peer_set_address(struct peer *peer, const struct netaddr *addr);
/* name "": there is none, for the reason in status. */
void	peer_set_name(struct peer *peer, struct view name, enum peer_name status);
void	peer_set_reverse_name(struct peer *peer, struct view name, enum peer_name status);
/* The host itself: stand-alone mode. */
void	peer_init_local(struct peer *peer);
void	peer_fini(struct peer *peer);

#endif
