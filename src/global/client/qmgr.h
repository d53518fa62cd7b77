/*
 * qmgr client: triggers (bytes on public/qmgr) and announcements (one frame about a new message). Both are hints: sent
 * without blocking, dropped when the socket is full.
 */
#ifndef GLOBAL_CLIENT_QMGR_H
#define GLOBAL_CLIENT_QMGR_H

#include "global/queue/queue_reader.h"
#include "util/ipc/channel.h"

extern const struct ipc_protocol qmgr_protocol;

enum { QMGR_REQUEST_INCOMING = 'I', QMGR_REQUEST_DEFERRED = 'D', QMGR_REQUEST_FLUSH = 'F', QMGR_REQUEST_ALL = 'A', QMGR_REQUEST_WAKEUP = 'W' };
enum { QMGR_FRAME_ANNOUNCE = FRAME_TYPE_FIRST };

/* Connects, writes the bytes, closes; waits at most trigger_timeout. */
bool	trigger_send(const char *path, struct view requests, msec_t timeout_ms, struct buf *why);

struct qmgr_announcement {
	struct view queue_id;
	struct view head, tail;		/* the file's bytes before and behind its content; "" when they are too many */
	int64_t tail_at;
};
enum { QMGR_ANNOUNCEMENT_MAX = 16384 };		/* beyond it, the id alone is sent */
/* First byte on the connection: 0 for frames (no trigger is 0). The connection is kept by cleanup. */
struct announcer;
struct announcer *announcer_new(const char *path);		/* "public/qmgr" */
bool	announcer_is_pipe(const char *path);			/* a queue manager of long ago: gets trigger bytes */
void	announcer_free(struct announcer *announcer);
void	qmgr_announce(struct announcer *announcer, const struct qmgr_announcement *announcement);
void	qmgr_announcement_put(struct buf *out, const struct qmgr_announcement *announcement);	/* the id alone, if too long */
bool	qmgr_announcement_get(const struct frame *frame, struct qmgr_announcement *out, struct buf *why);

#endif
