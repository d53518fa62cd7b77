#include "global/smtp/peer.h"

#include <netdb.h>

#include "global/address/address.h"
#include "global/maillog/maillog.h"
#include "util/log/log.h"

static void
own_addresses(struct peer *peer, int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getpeername(fd, (struct sockaddr *)&sa, &len) == -1
	    || !netaddr_from_sockaddr((struct sockaddr *)&sa, len, &peer->addr))
		peer->addr.family = AF_UNSPEC;
	len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) == -1
	    || !netaddr_from_sockaddr((struct sockaddr *)&sa, len, &peer->server))
		peer->server.family = AF_UNSPEC;
}

/* EAI_AGAIN and the system's own troubles pass; the rest is the DNS saying no. */
static enum peer_name
status_of(int error)
{
	return error == EAI_AGAIN || error == EAI_MEMORY || error == EAI_SYSTEM ? PEER_NAME_TEMPORARY : PEER_NAME_PERMANENT;
}

/* A name that looks like an address, or is none at all, is a trick. */
static enum peer_name
reverse_lookup(struct peer *peer)
{
	struct sockaddr_storage sa;
	socklen_t len = netaddr_to_sockaddr(&peer->addr, &sa);
	char name[NI_MAXHOST];
	int error = getnameinfo((struct sockaddr *)&sa, len, name, sizeof(name), NULL, 0, NI_NAMEREQD);

	if (error != 0)
		return status_of(error);
	if (!domain_valid_hostname(view_string(name), NULL)) {
		log_warn("%s: bad host name from address lookup: %s", buf_c(&peer->address), name);
		return PEER_NAME_PERMANENT;
	}
	buf_set(&peer->reverse_name, view_string(name));
	return PEER_NAME_GOOD;
}

static bool
leads_back(const struct addrinfo *found, const struct netaddr *addr)
{
	struct netaddr one;

	for (; found != NULL; found = found->ai_next) {
		if (netaddr_from_sockaddr(found->ai_addr, found->ai_addrlen, &one) && netaddr_equal(&one, addr))
			return true;
	}
	return false;
}

static enum peer_name
forward_lookup(const struct peer *peer)
{
	struct addrinfo hints = { .ai_family = peer->addr.family, .ai_socktype = SOCK_STREAM }, *found;
	const char *name = buf_c(&peer->reverse_name);
	int error = getaddrinfo(name, NULL, &hints, &found);
	bool good;

	if (error != 0) {
		log_warn("hostname %s does not resolve to address %s: %s", name, buf_c(&peer->address), gai_strerror(error));
		return status_of(error);
	}
	good = leads_back(found, &peer->addr);
	freeaddrinfo(found);
	if (!good)
		log_warn("hostname %s does not resolve to address %s", name, buf_c(&peer->address));
	return good ? PEER_NAME_GOOD : PEER_NAME_FORGED;
}

static void
make_texts(struct peer *peer)
{
	buf_reset(&peer->address);
	buf_reset(&peer->rfc_address);
	buf_reset(&peer->namaddr);
	if (peer->addr.family == AF_INET || peer->addr.family == AF_INET6)
		netaddr_put(&peer->address, &peer->addr);
	else
		buf_puts(&peer->address, "unknown");
	buf_printf(&peer->rfc_address, "%s%s", peer->addr.family == AF_INET6 ? "IPv6:" : "", buf_c(&peer->address));
	maillog_peer(&peer->namaddr, buf_view(&peer->name), buf_view(&peer->address));
	if (peer->show_port)
		buf_printf(&peer->namaddr, ":%u", peer->addr.port);
}

void
peer_set_name(struct peer *peer, struct view name, enum peer_name status)
{
	buf_set(&peer->name, view_empty(name) ? VIEW("unknown") : name);
	peer->name_status = status;
	make_texts(peer);
}

void
peer_set_reverse_name(struct peer *peer, struct view name, enum peer_name status)
{
	buf_set(&peer->reverse_name, view_empty(name) ? VIEW("unknown") : name);
	peer->reverse_status = status;
}

void
peer_set_address(struct peer *peer, const struct netaddr *addr)
{
	peer->addr = *addr;
	make_texts(peer);
}

void
peer_look_up(struct peer *peer)
{
	enum peer_name status;

	if (peer->addr.family != AF_INET && peer->addr.family != AF_INET6)
		return;
	status = peer->reverse_status = reverse_lookup(peer);
	if (status == PEER_NAME_GOOD)
		status = forward_lookup(peer);
	peer_set_name(peer, status == PEER_NAME_GOOD ? buf_view(&peer->reverse_name) : VIEW_EMPTY, status);
}

void
peer_init(struct peer *peer, int fd, bool show_port)
{
	memset(peer, 0, sizeof(*peer));
	peer->show_port = show_port;
	own_addresses(peer, fd);
	peer_set_reverse_name(peer, VIEW_EMPTY, PEER_NAME_PERMANENT);
	peer_set_name(peer, VIEW_EMPTY, PEER_NAME_PERMANENT);
}

void
peer_init_local(struct peer *peer)
{
	memset(peer, 0, sizeof(*peer));
	netaddr_parse(VIEW("127.0.0.1"), &peer->addr);
	peer->server = peer->addr;
	peer_set_reverse_name(peer, VIEW("localhost"), PEER_NAME_GOOD);
	peer_set_name(peer, VIEW("localhost"), PEER_NAME_GOOD);
}

void
peer_fini(struct peer *peer)
{
	buf_fini(&peer->name);
	buf_fini(&peer->reverse_name);
	buf_fini(&peer->address);
	buf_fini(&peer->rfc_address);
	buf_fini(&peer->namaddr);
}
