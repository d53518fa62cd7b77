#include "global/queue/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "util/file/file.h"

/* The mark first, then the move: qmgr may look as soon as the file stands in incoming. */
static bool
mark(const char *path, struct buf *why)
{
	struct stat st;
	int fd = file_open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0, why);
	bool marked;

	if (fd == -1)
		return false;
	marked = fstat(fd, &st) == 0 && queue_file_complete(&st) && fchmod(fd, (st.st_mode & 07777) | S_IRGRP) == 0 &&
	    futimens(fd, NULL) == 0;
	if (!marked)
		why_set(why, "%s: not a complete queue file, or not ours", path);
	close(fd);
	return marked;
}

bool
queue_retry_now(const struct queue_layout *layout, struct view id, struct buf *why)
{
	struct buf path = BUF_INIT;
	bool moved;

	queue_path(&path, layout, QUEUE_DEFERRED, id);
	moved = mark(buf_c(&path), why) && queue_move(layout, QUEUE_DEFERRED, QUEUE_INCOMING, id, why);
	buf_fini(&path);
	return moved;
}
