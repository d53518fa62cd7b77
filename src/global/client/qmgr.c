/* qmgr: announcements of new messages, and their codec. */
#include "global/client/qmgr.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/net/endpoint.h"

const struct ipc_protocol qmgr_protocol = { "qmgr", 2 };

enum { NUDGE_MS = 1000 };

/* -- codec --------------------------------------------------------------------------------------------------------- */

static const struct field fields[] = {
	FIELD(struct qmgr_announcement, queue_id, 1, FIELD_STRING, FIELD_REQUIRED),
	FIELD(struct qmgr_announcement, head, 2, FIELD_BYTES, 0),
	FIELD(struct qmgr_announcement, tail, 3, FIELD_BYTES, 0),
	FIELD(struct qmgr_announcement, tail_at, 4, FIELD_I64, 0),
	FIELD_END
};

void
qmgr_announcement_put(struct buf *out, const struct qmgr_announcement *announcement)
{
	struct qmgr_announcement id_only = { .queue_id = announcement->queue_id };
	bool fits = frame_size(fields, announcement) <= QMGR_ANNOUNCEMENT_MAX;

	frame_put(out, QMGR_FRAME_ANNOUNCE, 0, fields, fits ? announcement : &id_only);
}

bool
qmgr_announcement_get(const struct frame *frame, struct qmgr_announcement *out, struct buf *why)
{
	if (frame->type != QMGR_FRAME_ANNOUNCE || (frame->flags & FRAME_MORE)) {
		why_set(why, "not an announcement");
		return false;
	}
	if (!frame_get(frame, fields, out, sizeof(*out), why))
		return false;
	if (!queue_id_valid(out->queue_id)) {
		why_set(why, "bad queue id");
		return false;
	}
	if (out->tail_at < 0) {
		why_set(why, "bad offset");
		return false;
	}
	return true;
}

/* -- the kept connection ------------------------------------------------------------------------------------------- */

struct announcer {
	char *path;
	int fd;			/* -1: none now */
	struct buf unsent;	/* the rest of a frame that went out by half */
};

struct announcer *
announcer_new(const char *path)
{
	struct announcer *announcer = mem_new(sizeof(*announcer));

	announcer->path = mem_string(path);
	announcer->fd = -1;
	return announcer;
}

static void
drop_connection(struct announcer *announcer)
{
	if (announcer->fd != -1)
		close(announcer->fd);
	announcer->fd = -1;
	buf_reset(&announcer->unsent);
}

void
announcer_free(struct announcer *announcer)
{
	if (announcer == NULL)
		return;
	drop_connection(announcer);
	buf_fini(&announcer->unsent);
	mem_free(announcer->path);
	mem_free(announcer);
}

/* Sends what it takes now; the rest of a frame is kept, for half a frame cannot be taken back. False: no connection. */
static bool
push(struct announcer *announcer)
{
	struct buf *unsent = &announcer->unsent;
	ssize_t n;

	while (unsent->len > 0) {
		n = send(announcer->fd, unsent->data, unsent->len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN;
		buf_remove(unsent, 0, (size_t)n);
	}
	return true;
}

static bool
reconnect(struct announcer *announcer)
{
	drop_connection(announcer);
	announcer->fd = unix_connect_start(announcer->path, NULL);
	if (announcer->fd != -1)
		buf_putc(&announcer->unsent, '\0');	/* frames follow */
	return announcer->fd != -1;
}

/*
 * Where no frame can be sent, the shortest of hints goes over a connection of its own. It may wait a moment for its
 * place, for without it the message would lie until the next scan; the client has its answer already.
 */
static void
nudge(const struct announcer *announcer)
{
	static const char request[] = { QMGR_REQUEST_INCOMING };

	trigger_send(announcer->path, view_bytes(request, sizeof(request)), NUDGE_MS, NULL);
}

bool
announcer_is_pipe(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* Connected, and nothing of an earlier frame is left. */
static bool
ready_for_frame(struct announcer *announcer)
{
	if (announcer->fd == -1 && (announcer_is_pipe(announcer->path) || !reconnect(announcer)))
		return false;
	if (!push(announcer) && !reconnect(announcer))
		return false;
	return announcer->unsent.len <= 1;
}

void
qmgr_announce(struct announcer *announcer, const struct qmgr_announcement *announcement)
{
	if (!ready_for_frame(announcer)) {
		nudge(announcer);
		return;
	}
	qmgr_announcement_put(&announcer->unsent, announcement);
	if (push(announcer) || !reconnect(announcer))
		return;
	qmgr_announcement_put(&announcer->unsent, announcement);
	if (!push(announcer))
		drop_connection(announcer);
}
