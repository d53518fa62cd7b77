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
/* From now on a line never waits: up to 256 KB are kept until postlog_sink_flush(), then lines are dropped and counted. */
void	postlog_sink_never_wait(void);
bool	postlog_sink_flush(void);	/* false: some lines still wait */
/* In the child of a process that never waits: what it kept is the parent's to send, and we may wait again. */
void	postlog_sink_forked(void);

#endif
