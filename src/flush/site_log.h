/*
 * site_log: the list of one destination: a file in flush/ with a queue id per line. Appending, reading and removing are
 * under an exclusive lock. Nothing is synced: the list only makes things faster, and mail is tried without it, too.
 */
#ifndef FLUSH_SITE_LOG_H
#define FLUSH_SITE_LOG_H

#include "global/queue/queue_id.h"

/* The file's name: lower-case A-labels, and '_' for what is neither letter nor digit. False: no name of a destination. */
bool	site_log_name(struct view site, struct buf *out);
/* Files of old or of no use: what is to be done about one. */
enum site_log_age { SITE_LOG_KEEP, SITE_LOG_EMPTY, SITE_LOG_UNREAD };
enum site_log_age site_log_age(const char *path, int refresh_sec, int purge_sec);

bool	site_log_append(const char *path, struct view queue_id, struct buf *why);
/* Calls each() once for each id, then empties the list. No list is an empty one. */
typedef void	site_log_each(struct view queue_id, void *arg);
bool	site_log_take(const char *path, site_log_each *each, void *arg, struct buf *why);
/* Unless somebody added to it just now. */
void	site_log_remove_empty(const char *path);

#endif
