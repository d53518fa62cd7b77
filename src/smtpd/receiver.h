/*
 * receiver: who takes a message off our hands, as records of a queue file: cleanup; or postdrop, when a user talks to us
 * in person (smtpd -S), who has no business in the queue.
 */
#ifndef SMTPD_RECEIVER_H
#define SMTPD_RECEIVER_H

#include "global/client/cleanup.h"

struct receiver;

struct receiver	*receiver_cleanup(const char *path, msec_t timeout_ms);
struct receiver	*receiver_postdrop(const char *command_directory);

bool	receiver_open(struct receiver *receiver, unsigned flags, struct buf *why);
void	receiver_put(struct receiver *receiver, int type, struct view data);
void	receiver_printf(struct receiver *receiver, int type, const char *format, ...) __attribute__((format(printf, 3, 4)));
void	receiver_push(struct receiver *receiver);	/* who waits for records anyway gets what there is, now */
/* True: an id is known while the message is on its way, and its absence means that there will be no message. */
bool	receiver_names_early(const struct receiver *receiver);
struct view receiver_id(struct receiver *receiver);		/* waits for it */
/* Status bits as of cleanup. */
unsigned receiver_finish(struct receiver *receiver, struct buf *reason);
void	receiver_abort(struct receiver *receiver);
bool	receiver_rests(const struct receiver *receiver);	/* something is kept for the next message … */
void	receiver_release(struct receiver *receiver);		/* … which it need not be */

#endif
