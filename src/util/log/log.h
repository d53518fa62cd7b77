/*
 * log: one line per event, to syslog, to a function (postlogd's datagrams), or to standard error.
 *
 * The prefixes of the text (none, "warning: ", "error: ", "fatal: ", "panic: ") are what tools match on. Every byte
 * that is not printable is shown as '?', so that no caller can forget to; valid UTF-8 passes. Logging never fails and
 * never stops mail: a line that cannot be sent within a second waits for the next one, or for log_flush(); what waits is
 * bounded, and lines beyond are dropped and counted. errno is kept.
 */
#ifndef UTIL_LOG_LOG_H
#define UTIL_LOG_LOG_H

#include <stdarg.h>
#include <stdbool.h>

#include "util/base/clock.h"
#include "util/text/view.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_FATAL, LOG_LEVEL_PANIC };

#define LOG_PRINTF	__attribute__((format(printf, 1, 2)))

void	log_info(const char *format, ...) LOG_PRINTF;		/* what became of mail */
void	log_warn(const char *format, ...) LOG_PRINTF;		/* what an administrator should look at */
void	log_error(const char *format, ...) LOG_PRINTF;		/* what a request lost */
void	log_fatal(const char *format, ...) LOG_PRINTF __attribute__((noreturn));	/* exits with log_set_fatal_status() or 1 */
void	log_panic(const char *format, ...) LOG_PRINTF __attribute__((noreturn));	/* aborts */
void	log_debug(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));	/* when verbosity >= level */

/*
 * A sink takes one finished line: level and text without prefix or line end. Sinks may be stacked (syslog and standard
 * error for commands). The text is borrowed.
 */
typedef void	log_sink(enum log_level level, struct view text, void *arg);

void	log_open(const char *tag, int facility);	/* "postfix/smtpd"; syslog by /dev/log, connected now */
void	log_retag(const char *tag);
void	log_add_sink(log_sink *sink, void *arg);
void	log_to_stderr(bool on);				/* "postmap: warning: text", tag's last part first */
void	log_stderr_as(const char *name);		/* another name there; kept, not copied */
void	log_to_syslog(bool on);				/* on after log_open() */
void	log_never_wait(bool on);			/* not even that second, for who serves many at once */
/*
 * Before another try with a log socket that is full: 1 to 16 ms, longer with each attempt. Who waited for the socket itself
 * would wake with all the others each time that a line is taken from it, and one of them would find room.
 */
void	log_pause(int attempt, msec_t deadline);
bool	log_flush(void);				/* false: some lines still wait for syslog */
void	log_forked(void);				/* in a child: what waits is the parent's to send; we may wait again */
void	log_set_fatal_status(int status);
void	log_set_fatal_hook(void (*hook)(int level));	/* called once before exit: removes unfinished files, throttles */
void	log_set_verbose(int level);
int	log_verbose(void);
const char *log_tag(void);
const char *log_prefix(enum log_level level);		/* "", "warning: ", … */

#endif
