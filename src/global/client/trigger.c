#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/client/qmgr.h"
#include "util/file/file.h"
#include "util/net/endpoint.h"

/* An old-fashioned service listens on a named pipe. */
static int
open_service(const char *path, msec_t deadline, struct buf *why)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISFIFO(st.st_mode))
		return file_open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW, 0, why);
	return unix_connect(path, deadline, why);
}

bool
trigger_send(const char *path, struct view requests, msec_t timeout_ms, struct buf *why)
{
	int fd = open_service(path, clock_deadline(timeout_ms), why);
	bool sent;

	if (fd == -1)
		return false;
	sent = file_write_all(fd, requests, why);	/* a few bytes: the socket takes them at once */
	close(fd);
	return sent;
}
