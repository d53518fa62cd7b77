/* biff: tells the comsat service of this host about new mail. A hint: nobody waits for it, and nobody checks. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "local/deliver.h"

enum { COMSAT_PORT = 512 };

void
local_biff(struct view user, long long offset)
{
	static int fd = -1;	/* one for the life of the process */
	const struct sockaddr_in comsat = { .sin_family = AF_INET, .sin_port = htons(COMSAT_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct buf text = BUF_INIT;

	if (fd == -1)
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	buf_printf(&text, "%.*s@%lld", VIEW_ARG(user), offset);
	if (fd != -1)
		sendto(fd, text.data, text.len, MSG_NOSIGNAL, (const struct sockaddr *)&comsat, sizeof(comsat));
	buf_fini(&text);
}
