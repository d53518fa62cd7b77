/*
 * retry: a deferred message is to be tried at once, whatever was said about its destination. It goes to incoming with
 * the group's read bit set, which says so; somebody must tell qmgr then (QMGR_REQUEST_INCOMING).
 */
#ifndef GLOBAL_QUEUE_RETRY_H
#define GLOBAL_QUEUE_RETRY_H

#include "global/queue/queue_id.h"

/* False with errno: not in the deferred queue (ENOENT), or it cannot be moved. */
bool	queue_retry_now(const struct queue_layout *layout, struct view id, struct buf *why);

#endif
