/*
 * postlog_sink: where the log lines of a program go. With maillog_file set they go to postlogd, a datagram each, and
 * not to syslog; else to syslog alone: there is always exactly one sink.
 *
 * While mail is stopped nobody reads the datagrams. Then root's commands append to the file themselves; it is opened at
 * once, before privileges can go. Whoever may do neither keeps what it shows on standard error.
 */
#ifndef GLOBAL_MAILLOG_POSTLOG_SINK_H
#define GLOBAL_MAILLOG_POSTLOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "global/config/config.h"

/* The program's tag "<syslog_name>/<program>", the facility, and then postlog_sink_open(). */
bool	maillog_open(struct config *config, const char *program);
/*
 * Decides between syslog and postlogd; calling it again decides anew. False, with a warning logged, when maillog_file
 * cannot be used: then syslog stays.
 */
bool	postlog_sink_open(struct config *config);
/* For postlogd, who would send to himself: lines are appended to the open file; -1: syslog. Not closed by us. */
void	postlog_sink_use_file(int fd);
/*
 * Both kinds of log: a line that cannot be sent within a second is kept, and goes before the next one. Who may rest long
 * behind a line calls maillog_flush() until it says true; without that the line would wait for the next.
 */
void	maillog_never_wait(void);	/* from now on not even that second */
bool	maillog_flush(void);		/* false: some lines still wait */
void	maillog_finish(void);		/* before a process ends: waits for them, a second at most */
/* In the child of a process that never waits: what it kept is the parent's to send, and we may wait again. */
void	maillog_forked(void);

#endif
