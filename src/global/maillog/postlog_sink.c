#include "global/maillog/postlog_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "global/maillog/maillog_file.h"
#include "util/base/clock.h"
#include "util/file/file.h"
#include "util/log/backlog.h"

enum { WAIT_MS = 1000, LIFTED_FD = 200 };

/* As the log itself, its sink is there once per process. */
static struct {
	bool added;			/* to the log, for ever */
	bool on;
	bool never_wait;
	int socket, file;		/* at most one of them is open */
	char *path;			/* of the socket */
	struct buf line;
	struct backlog backlog;
	unsigned long dropped;
} the = { .socket = -1, .file = -1 };

static void
close_all(void)
{
	if (the.socket != -1)
		close(the.socket);
	if (the.file != -1)
		close(the.file);
	the.socket = the.file = -1;
}

/* Out of the way of descriptors that have fixed numbers: between fork and exec master still wants to say what failed. */
static int
lift(int fd)
{
	int lifted = fd != -1 ? fcntl(fd, F_DUPFD_CLOEXEC, LIFTED_FD) : -1;

	if (lifted == -1)
		return fd;
	close(fd);
	return lifted;
}

static bool
connect_socket(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(the.path);

	if (len >= sizeof(to.sun_path))
		return false;
	memcpy(to.sun_path, the.path, len);
	the.socket = lift(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (the.socket != -1 && connect(the.socket, (struct sockaddr *)&to, sizeof(to)) == 0)
		return true;
	close_all();
	return false;
}

/* -- sending ---------------------------------------------------------------------------------------------------------- */

enum sent { SENT, FULL, GONE };

static enum sent
send_once(struct view line)
{
	if (the.socket == -1)
		return GONE;
	if (send(the.socket, line.data, line.len, MSG_NOSIGNAL) != -1 || errno == EMSGSIZE)
		return SENT;
	return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? FULL : GONE;
}

/* A socket that is full is waited for, for a second; one that is gone is looked for again, once. */
static bool
send_waiting(struct view line)
{
	msec_t deadline = clock_deadline(the.never_wait ? 1 : WAIT_MS);
	enum sent sent;
	int attempt = 0;

	if ((sent = send_once(line)) == GONE) {
		close_all();
		sent = connect_socket() ? send_once(line) : GONE;
	}
	while (sent == FULL && !the.never_wait && clock_poll_ms(deadline) > 0) {
		log_pause(attempt++, deadline);
		sent = send_once(line);
	}
	return sent == SENT;
}

static bool
flush(void)
{
	return backlog_flush(&the.backlog, send_waiting);
}

static void
send_line(struct view line)
{
	if ((flush() && send_waiting(line)) || backlog_keep(&the.backlog, line))
		the.dropped = 0;
	else
		the.dropped++;
}

/* How many lines are missing is told by the next one that is not. */
static void
put_text(struct buf *out, enum log_level level, struct view text)
{
	struct buf whole = BUF_INIT;

	if (the.dropped > 0)
		buf_printf(&whole, "(%lu lines lost) ", the.dropped);
	buf_putv(&whole, text);
	maillog_file_line(out, level, buf_view(&whole));
	buf_fini(&whole);
}

static void
write_line(enum log_level level, struct view text, void *arg)
{
	if (!the.on)
		return;
	if (level >= LOG_LEVEL_FATAL)	/* the last line: there is no later */
		the.never_wait = false;
	buf_reset(&the.line);
	put_text(&the.line, level, text);
	if (the.file == -1) {
		send_line(buf_view(&the.line));
		return;
	}
	buf_putc(&the.line, '\n');
	the.dropped = file_write_all(the.file, buf_view(&the.line), NULL) ? 0 : the.dropped + 1;
}

void
maillog_never_wait(void)
{
	the.never_wait = true;
	log_never_wait(true);
}

bool
maillog_flush(void)
{
	bool sent = log_flush();

	return flush() && sent;
}

void
maillog_finish(void)
{
	the.never_wait = false;
	log_never_wait(false);
	maillog_flush();
}

void
maillog_forked(void)
{
	the.never_wait = false;
	backlog_drop(&the.backlog);
	log_forked();
}

/* -- opening ---------------------------------------------------------------------------------------------------------- */

static bool
set_path(struct config *config, struct buf *why)
{
	const char *queue = config_string(config, "queue_directory", why);
	const char *service = queue != NULL ? config_string(config, "postlog_service_name", why) : NULL;
	struct buf path = BUF_INIT;

	if (service == NULL)
		return false;
	buf_printf(&path, "%s/public/%s", queue, service);
	mem_free(the.path);
	the.path = buf_detach(&path);
	return true;
}

static void
switch_to(bool postlog)
{
	if (!the.added)
		log_add_sink(write_line, NULL);
	the.added = true;
	the.on = postlog;
	log_to_syslog(!postlog);
}

void
postlog_sink_use_file(int fd)
{
	close_all();
	the.file = fd;
	switch_to(fd != -1);
}

static bool
choose(struct config *config, struct buf *why)
{
	struct maillog_file file;

	if (!maillog_file_bind(config, &file, why) || !maillog_file_allowed(&file, why) || !set_path(config, why))
		return false;
	close_all();
	if (file.path[0] != '\0' && !connect_socket() && geteuid() == getuid())
		the.file = lift(maillog_file_open(&file, NULL));
	switch_to(file.path[0] != '\0');
	return true;
}

bool
postlog_sink_open(struct config *config)
{
	struct buf why = BUF_INIT;
	bool good = choose(config, &why);

	if (!good)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	return good;
}

static int
facility(const char *name)
{
	static const struct { const char *name; int facility; } facilities[] = {
		{ "auth", LOG_AUTH }, { "authpriv", LOG_AUTHPRIV }, { "cron", LOG_CRON }, { "daemon", LOG_DAEMON },
		{ "ftp", LOG_FTP }, { "kern", LOG_KERN }, { "lpr", LOG_LPR }, { "mail", LOG_MAIL }, { "news", LOG_NEWS },
		{ "security", LOG_AUTH }, { "syslog", LOG_SYSLOG }, { "user", LOG_USER }, { "uucp", LOG_UUCP },
		{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
		{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
	};

	for (size_t i = 0; i < ARRAY_COUNT(facilities); i++)
		if (strcmp(facilities[i].name, name) == 0)
			return facilities[i].facility;
	return -1;
}

bool
maillog_open(struct config *config, const char *program)
{
	struct buf why = BUF_INIT, tag = BUF_INIT;
	const char *name = config_string(config, "syslog_name", &why);
	const char *facility_name = config_string(config, "syslog_facility", &why);
	int number = facility_name != NULL ? facility(facility_name) : -1;
	bool good = name != NULL && number != -1;

	buf_printf(&tag, "%s/%s", name != NULL ? name : "postfix", program);
	log_open(buf_c(&tag), number != -1 ? number : LOG_MAIL);
	if (facility_name != NULL && number == -1)
		log_warn("syslog_facility = %s: no such facility", facility_name);
	else if (!good)
		log_warn("%s", buf_c(&why));
	good = postlog_sink_open(config) && good;
	buf_fini(&tag);
	buf_fini(&why);
	return good;
}
