#include "service/master_link.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/master_protocol.h"
#include "service/pool.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/process/process.h"

enum { FULL_PIPE_WAIT_MS = 60000 };

static bool
is_listener(int fd, const char *type)
{
	int kind, wanted = strcmp(type, "unix-dgram") == 0 ? SOCK_DGRAM : SOCK_STREAM;
	socklen_t len = sizeof(kind);
	struct stat st;

	if (strcmp(type, "fifo") == 0)
		return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &len) == 0 && kind == wanted;
}

bool
master_link_check(const struct service_context *ctx, struct buf *why)
{
	struct stat st;

	if (fstat(MASTER_STATUS_FD, &st) == -1 || !S_ISFIFO(st.st_mode)) {
		why_set(why, "no status pipe");
		return false;
	}
	for (int i = 0; i < ctx->options.sockets; i++) {
		if (!is_listener(MASTER_LISTEN_FD + i, ctx->options.type)) {
			why_set(why, "descriptor %d is no listener of type %s", MASTER_LISTEN_FD + i, ctx->options.type);
			return false;
		}
	}
	return true;
}

/* A full pipe means that master is slow: a note lost would leave it with a wrong count for ever. */
static void
tell(struct service_context *ctx, enum master_note_state state)
{
	struct master_note note = { (uint32_t)process_id(), ctx->generation, state };
	msec_t deadline = clock_deadline(FULL_PIPE_WAIT_MS);

	while (write(MASTER_STATUS_FD, &note, sizeof(note)) == -1) {
		if (errno == EINTR || (errno == EAGAIN && fd_wait(MASTER_STATUS_FD, POLLOUT, deadline)))
			continue;
		ctx->retiring = true;
		return;
	}
}

/* Does master have to know? Only when we are the last one that became busy, or the first that is idle again. */
static bool
matters(struct service_context *ctx, bool busy)
{
	return ctx->pool == NULL || pool_enter(ctx->pool, ctx->place, busy ? POOL_BUSY : POOL_IDLE);
}

/* Where there may be one process only, master has nothing to decide. */
void
master_link_busy(struct service_context *ctx, bool busy)
{
	if (ctx->options.standalone || ctx->options.only_process || ctx->busy == busy)
		return;
	ctx->busy = busy;
	if (matters(ctx, busy))
		tell(ctx, busy ? MASTER_NOTE_BUSY : MASTER_NOTE_IDLE);
}

void
master_link_served(struct service_context *ctx)
{
	if (ctx->served || ctx->options.standalone)
		return;
	ctx->served = true;
	tell(ctx, MASTER_NOTE_SERVED);
}
