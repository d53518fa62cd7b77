#include <unistd.h>

#include "global/client/qmgr.h"
#include "util/file/file.h"
#include "util/net/endpoint.h"

bool
trigger_send(const char *path, struct view requests, msec_t timeout_ms, struct buf *why)
{
	int fd = unix_connect(path, clock_deadline(timeout_ms), why);
	bool sent;

	if (fd == -1)
		return false;
	sent = file_write_all(fd, requests, why);	/* a few bytes: the socket takes them at once */
	close(fd);
	return sent;
}
