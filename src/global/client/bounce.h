/*
 * bounce client: the services bounce, defer and trace, which keep a log per message and send notices from it.
 */
#ifndef GLOBAL_CLIENT_BOUNCE_H
#define GLOBAL_CLIENT_BOUNCE_H

#include "global/dsn/dsn.h"
#include "util/event/loop.h"
#include "util/ipc/channel.h"

extern const struct ipc_protocol bounce_protocol;

enum { BOUNCE_FRAME_APPEND = FRAME_TYPE_FIRST, BOUNCE_FRAME_FLUSH, BOUNCE_FRAME_WARN, BOUNCE_FRAME_TRACE, BOUNCE_FRAME_ONE, BOUNCE_FRAME_STATUS };
enum { BOUNCE_FLAG_KEEP = 1, BOUNCE_FLAG_CLEAN = 2 };	/* when no notice could be made: keep the log; remove it */

struct bounce_entry {			/* one line of the log */
	struct view queue_id;
	struct view recipient, original, dsn_orcpt;
	int dsn_notify;
	int64_t offset;
	struct view status, action, text, diag_type, diag_text, mta_type, mta_name;
	unsigned flags;
};

struct bounce_notice {			/* make a notice from the log of this message */
	struct view queue_name, queue_id, encoding, sender, envid, verp;
	int ret;
	unsigned flags, options;
	bool warn;
};

/* Waits; false: not recorded, try later. path: "private/bounce", "private/defer", "private/trace". */
bool	bounce_append(const char *path, const struct bounce_entry *entry, msec_t timeout_ms);
/* One notice without a log (delivery agents that bounce a forward). */
bool	bounce_one(const char *path, const struct bounce_notice *notice, const struct bounce_entry *entry, msec_t timeout_ms);
/* Makes the notice from the log of a message, and waits until it is queued. */
bool	bounce_flush(const char *path, const struct bounce_notice *notice, msec_t timeout_ms);
/* Does not wait (qmgr). type: BOUNCE_FRAME_FLUSH, _WARN or _TRACE. */
typedef void	bounce_done(bool sent, void *arg);
void	bounce_notice_start(struct loop *loop, const char *path, int type, const struct bounce_notice *notice, msec_t timeout_ms, bounce_done *done, void *arg);

void	bounce_append_start(struct loop *loop, const char *path, const struct bounce_entry *entry, msec_t timeout_ms, bounce_done *done, void *arg);

void	bounce_entry_put(struct buf *out, unsigned type, const struct bounce_entry *entry);
bool	bounce_entry_get(const struct frame *frame, struct bounce_entry *entry, struct buf *why);
void	bounce_notice_put(struct buf *out, unsigned type, const struct bounce_notice *notice);
bool	bounce_notice_get(const struct frame *frame, struct bounce_notice *notice, struct buf *why);
void	bounce_status_put(struct buf *out, bool ok);
bool	bounce_status_get(const struct frame *frame, bool *ok, struct buf *why);

#endif
