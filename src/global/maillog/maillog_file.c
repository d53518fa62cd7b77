#include "global/maillog/maillog_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/file/file.h"
#include "util/process/process.h"
#include "util/text/encode.h"

#define STDOUT_PATH	"/dev/stdout"
#define LINE_MAX_BYTES	16384

enum { HOST_NAME_MS = 60000 };

static bool
parse_mode(const char *text, mode_t *mode, struct buf *why)
{
	char *end;
	unsigned long n = strtoul(text, &end, 8);

	if (*text == '\0' || *end != '\0' || n > 0777) {
		why_set(why, "maillog_file_permissions = %s: not an octal file mode", text);
		return false;
	}
	*mode = (mode_t)n;
	return true;
}

bool
maillog_file_bind(struct config *config, struct maillog_file *file, struct buf *why)
{
	const char *mode;

	return (file->path = config_string(config, "maillog_file", why)) != NULL &&
	    (file->prefixes = config_string(config, "maillog_file_prefixes", why)) != NULL &&
	    (mode = config_string(config, "maillog_file_permissions", why)) != NULL &&
	    parse_mode(mode, &file->mode, why);
}

bool
maillog_file_is_stdout(const struct maillog_file *file)
{
	return view_starts(view_string(file->path), VIEW(STDOUT_PATH));
}

bool
maillog_file_allowed(const struct maillog_file *file, struct buf *why)
{
	struct view path = view_string(file->path), rest = view_string(file->prefixes), prefix;

	if (path.len == 0)
		return true;
	while (view_word(&rest, " \t\r\n,", &prefix))
		if (view_starts(path, prefix) && view_find_view(path, VIEW("/../")) == -1)
			return true;
	why_set(why, "maillog_file '%s' does not begin with any of maillog_file_prefixes (%s)", file->path,
	    file->prefixes);
	return false;
}

/* A new file gets its mode whatever the umask; an old one keeps what the administrator gave it. */
static int
open_file(const struct maillog_file *file, struct buf *why)
{
	const int flags = O_WRONLY | O_APPEND | O_NOCTTY;
	struct stat st;
	int fd = file_open(file->path, flags | O_CREAT | O_EXCL | O_NOFOLLOW, file->mode, why);

	if (fd != -1 && fchmod(fd, file->mode) == -1) {
		why_set(why, "set mode of %s: %s", file->path, strerror(errno));
		close(fd);
		return -1;
	}
	if (fd != -1 || errno != EEXIST)
		return fd;
	return file_open_checked(file->path, flags, 0, (uid_t)-1, &st, why);
}

int
maillog_file_open(const struct maillog_file *file, struct buf *why)
{
	int fd;

	if (!maillog_file_allowed(file, why))
		return -1;
	if (!maillog_file_is_stdout(file))
		return open_file(file, why);
	if ((fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) == -1)
		why_set(why, "open %s: %s", file->path, strerror(errno));
	return fd;
}

static void
put_time(struct buf *out)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
		"Dec" };
	time_t now = clock_wall().tv_sec;
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		buf_printf(out, "%s %02d %02d:%02d:%02d ", months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min,
		    tm.tm_sec);
}

/* The host's first label. Who renames a host does not expect the log to know within a minute. */
static void
put_host(struct buf *out)
{
	static char name[HOST_NAME_MAX + 1];
	static msec_t asked;

	if (name[0] == '\0' || clock_now() - asked >= HOST_NAME_MS) {
		asked = clock_now();
		if (gethostname(name, sizeof(name) - 1) == -1 || name[0] == '\0')
			snprintf(name, sizeof(name), "localhost");
	}
	buf_put(out, name, strcspn(name, "."));
}

void
maillog_file_line(struct buf *out, enum log_level level, struct view text)
{
	put_time(out);
	put_host(out);
	buf_printf(out, " %s[%ld]: %s", log_tag(), (long)process_id(), log_prefix(level));
	buf_putv(out, text);
}

void
maillog_file_append(int file, struct view datagram)
{
	struct view text = view_slice(view_trim(datagram), 0, LINE_MAX_BYTES);
	struct buf line = BUF_INIT;

	while (text.len > 0 && text.data[text.len - 1] == '\0')
		text.len--;
	if (text.len == 0)
		return;
	printable_put(&line, text, '?', true);
	buf_putc(&line, '\n');
	file_write_all(file, buf_view(&line), NULL);
	buf_fini(&line);
}

void
maillog_file_drain(int file, int socket)
{
	char *datagram = mem_new(LINE_MAX_BYTES);
	ssize_t n;

	while ((n = recv(socket, datagram, LINE_MAX_BYTES, MSG_DONTWAIT)) >= 0)
		maillog_file_append(file, view_bytes(datagram, (size_t)n));
	mem_free(datagram);
}
