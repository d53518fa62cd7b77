/*
 * postsuper: what its parts share.
 */
#ifndef POSTSUPER_POSTSUPER_H
#define POSTSUPER_POSTSUPER_H

#include "global/queue/queue_id.h"

/* One thing to do to messages. True: done (and logged); false: not there, or it failed with a warning. */
typedef bool	message_action(const struct queue_layout *layout, const char *queue, struct view id);

message_action	message_delete, message_hold, message_release, message_requeue, message_expire, message_expire_release;

/* check.c */
bool	is_message_queue(const char *queue);		/* holds messages, not logs */
size_t	purge_stale(const char *queue);			/* unfinished files older than a week */
/* Moves misplaced files; names that do not fit their inode are changed (long ones only when strict). */
void	repair_structure(const struct queue_layout *layout, const char *queue, bool strict);
void	finish_renames(const char *queue);		/* strips the mark of files that are being renamed */

#endif
