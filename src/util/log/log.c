#include "util/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/base/process_id.h"
#include "util/log/backlog.h"
#include "util/text/buf.h"
#include "util/text/encode.h"

enum { SINKS_MAX = 4, LINE_MAX_BYTES = 8000, SYSLOG_WAIT_MS = 1000, PAUSE_SHIFT_MAX = 4 };

/* The log is a true singleton. */
static struct {
	char *tag;
	const char *stderr_name;	/* NULL: the last part of the tag */
	int facility, syslog_fd, verbose, fatal_status;
	bool to_stderr, to_syslog, busy, never_wait;
	unsigned long dropped;
	struct { log_sink *sink; void *arg; } sinks[SINKS_MAX];
	size_t sink_count;
	void (*fatal_hook)(int);
	struct buf text, clean, line;
	struct backlog backlog;		/* of syslog */
} the = { .facility = LOG_MAIL, .syslog_fd = -1, .fatal_status = 1 };

static const struct {
	const char *prefix;
	int priority;
} levels[] = {
	[LOG_LEVEL_DEBUG] = { "", LOG_INFO },
	[LOG_LEVEL_INFO] = { "", LOG_INFO },
	[LOG_LEVEL_WARN] = { "warning: ", LOG_WARNING },
	[LOG_LEVEL_ERROR] = { "error: ", LOG_ERR },
	[LOG_LEVEL_FATAL] = { "fatal: ", LOG_CRIT },
	[LOG_LEVEL_PANIC] = { "panic: ", LOG_CRIT },
};

const char *
log_prefix(enum log_level level)
{
	return levels[level].prefix;
}

const char *
log_tag(void)
{
	return the.tag != NULL ? the.tag : "unknown";
}

static bool
syslog_connect(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };

	if (the.syslog_fd != -1)
		return true;
	the.syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (the.syslog_fd == -1)
		return false;
	if (connect(the.syslog_fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return true;
	close(the.syslog_fd);
	the.syslog_fd = -1;
	return false;
}

void
log_retag(const char *tag)
{
	char *copy = mem_string(tag);

	mem_free(the.tag);
	the.tag = copy;
}

void
log_open(const char *tag, int facility)
{
	log_retag(tag);
	the.facility = facility;
	log_to_syslog(true);
}

void
log_add_sink(log_sink *sink, void *arg)
{
	if (the.sink_count < SINKS_MAX) {
		the.sinks[the.sink_count].sink = sink;
		the.sinks[the.sink_count++].arg = arg;
	}
}

void
log_to_stderr(bool on)
{
	the.to_stderr = on;
}

void
log_stderr_as(const char *name)
{
	the.stderr_name = name;
}

void
log_to_syslog(bool on)
{
	the.to_syslog = on;
	if (on)
		syslog_connect();
}

void
log_set_fatal_status(int status)
{
	the.fatal_status = status;
}

void
log_set_fatal_hook(void (*hook)(int level))
{
	the.fatal_hook = hook;
}

void
log_set_verbose(int level)
{
	the.verbose = level;
}

int
log_verbose(void)
{
	return the.verbose;
}

/* "Nov 21 09:58:33", the day blank-padded as syslog has it; made once a second. */
static const char *
syslog_time(void)
{
	static char text[32];
	static time_t made;
	time_t now = clock_wall().tv_sec;
	struct tm tm;

	if (now != made && localtime_r(&now, &tm) != NULL) {
		static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
			"Nov", "Dec" };

		snprintf(text, sizeof(text), "%s %2d %02d:%02d:%02d", months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min,
		    tm.tm_sec);
		made = now;
	}
	return text;
}

void
log_pause(int attempt, msec_t deadline)
{
	int pause = 1 << (attempt < PAUSE_SHIFT_MAX ? attempt : PAUSE_SHIFT_MAX), left = clock_poll_ms(deadline);

	pause += (int)process_id() % 2;
	poll(NULL, 0, pause < left ? pause : left);
}

/* Sends the line; a full socket may be waited for, for one second; a vanished one is opened again, once. */
static bool
syslog_send(struct view line)
{
	msec_t deadline = clock_now() + (the.never_wait ? 0 : SYSLOG_WAIT_MS);
	bool reopened = false;
	int attempt = 0;

	while (syslog_connect()) {
		if (send(the.syslog_fd, line.data, line.len, MSG_NOSIGNAL) != -1)
			return true;
		if (errno == EAGAIN || errno == ENOBUFS) {
			if (clock_poll_ms(deadline) == 0)
				return false;
			log_pause(attempt++, deadline);
		} else if (errno != EINTR) {
			close(the.syslog_fd);
			the.syslog_fd = -1;
			if (reopened)
				return false;
			reopened = true;
		}
	}
	return false;
}

static void
syslog_line(enum log_level level, struct view text)
{
	buf_reset(&the.line);
	buf_printf(&the.line, "<%d>%s %s[%ld]: ", the.facility | levels[level].priority, syslog_time(), log_tag(), (long)process_id());
	if (the.dropped > 0)
		buf_printf(&the.line, "(%lu lines lost) ", the.dropped);
	buf_puts(&the.line, log_prefix(level));
	buf_putv(&the.line, text);
	if ((log_flush() && syslog_send(buf_view(&the.line))) || backlog_keep(&the.backlog, buf_view(&the.line)))
		the.dropped = 0;
	else
		the.dropped++;
}

bool
log_flush(void)
{
	return backlog_flush(&the.backlog, syslog_send);
}

void
log_never_wait(bool on)
{
	the.never_wait = on;
}

void
log_forked(void)
{
	the.never_wait = false;
	backlog_drop(&the.backlog);
}

static void
stderr_line(enum log_level level, struct view text)
{
	const char *tag = log_tag(), *slash = strrchr(tag, '/'), *name = slash != NULL ? slash + 1 : tag;

	if (the.stderr_name != NULL)
		name = the.stderr_name;
	buf_reset(&the.line);
	buf_printf(&the.line, "%s: %s%.*s\n", name, log_prefix(level), VIEW_ARG(text));
	if (write(STDERR_FILENO, the.line.data, the.line.len) == -1)
		the.dropped++;
}

static void
log_line(enum log_level level, const char *format, va_list ap)
{
	int error = errno;
	struct view text;

	if (the.busy)		/* logging while logging: drop */
		return;
	the.busy = true;
	if (level >= LOG_LEVEL_FATAL)	/* the last line: there is no later */
		the.never_wait = false;
	buf_reset(&the.text);
	buf_vprintf(&the.text, format, ap);
	buf_reset(&the.clean);
	printable_put(&the.clean, view_slice(buf_view(&the.text), 0, LINE_MAX_BYTES), '?', true);
	text = buf_view(&the.clean);
	if (the.to_stderr)
		stderr_line(level, text);
	if (the.to_syslog)
		syslog_line(level, text);
	for (size_t i = 0; i < the.sink_count; i++)
		the.sinks[i].sink(level, text, the.sinks[i].arg);
	the.busy = false;
	errno = error;
}

#define LOG_LINE(level) do { \
	va_list ap; \
	va_start(ap, format); \
	log_line(level, format, ap); \
	va_end(ap); \
} while (0)

void
log_info(const char *format, ...)
{
	LOG_LINE(LOG_LEVEL_INFO);
}

void
log_warn(const char *format, ...)
{
	LOG_LINE(LOG_LEVEL_WARN);
}

void
log_error(const char *format, ...)
{
	LOG_LINE(LOG_LEVEL_ERROR);
}

static void
run_fatal_hook(int level)
{
	void (*hook)(int) = the.fatal_hook;

	the.fatal_hook = NULL;
	if (hook != NULL)
		hook(level);
}

void
log_fatal(const char *format, ...)
{
	LOG_LINE(LOG_LEVEL_FATAL);
	run_fatal_hook(LOG_LEVEL_FATAL);
	exit(the.fatal_status);
}

void
log_panic(const char *format, ...)
{
	LOG_LINE(LOG_LEVEL_PANIC);
	run_fatal_hook(LOG_LEVEL_PANIC);
	abort();
}

void
log_debug(int level, const char *format, ...)
{
	if (the.verbose >= level)
		LOG_LINE(LOG_LEVEL_DEBUG);
}
