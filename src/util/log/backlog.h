/*
 * backlog: log lines that could not be sent when they were written, in their order: 256 KB of them at most.
 */
#ifndef UTIL_LOG_BACKLOG_H
#define UTIL_LOG_BACKLOG_H

#include <stdbool.h>

#include "util/text/buf.h"

struct backlog {
	struct buf lines;	/* each behind its length */
};

bool	backlog_keep(struct backlog *backlog, struct view line);	/* false: there is no more room */
/* Sends them until send() fails. True: none is left. */
bool	backlog_flush(struct backlog *backlog, bool (*send)(struct view line));
void	backlog_drop(struct backlog *backlog);

#endif
