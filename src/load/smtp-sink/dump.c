#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "global/message/date.h"
#include "load/smtp-sink/smtp-sink.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { NAME_MAX_BYTES = 1024 };

bool
dump_wanted(const struct sink_options *options)
{
	return options->single_template != NULL || options->multiple_template != NULL;
}

static void
expand(const char *template, struct buf *path)
{
	char name[NAME_MAX_BYTES];
	time_t now = clock_wall().tv_sec;
	struct tm tm;
	size_t n;

	localtime_r(&now, &tm);
	if ((n = strftime(name, sizeof(name), template, &tm)) == 0)
		log_fatal("bad template: %s", template);
	buf_put(path, name, n);
}

/* Directories that are missing are made. */
static void
write_file(const char *path, int flags, struct view text)
{
	struct buf why = BUF_INIT;
	int fd = open(path, flags, 0644);

	if (fd == -1 && errno == ENOENT) {
		char *parent = mem_string(path), *slash = strrchr(parent, '/');

		if (slash != NULL)
			*slash = '\0';
		if (slash != NULL && !file_make_directories(parent, 0755, &why))
			log_fatal("%s", buf_c(&why));
		mem_free(parent);
		fd = open(path, flags, 0644);
	}
	if (fd == -1)
		log_fatal("%s: %s", path, strerror(errno));
	if (!file_write_all(fd, text, &why))
		log_fatal("%s: %s", path, buf_c(&why));
	close(fd);
	buf_fini(&why);
}

static void
put_peer(struct buf *out, const struct netaddr *peer)
{
	if (peer->family == AF_UNSPEC || peer->family == AF_UNIX)
		buf_puts(out, "local");
	else
		netaddr_put(out, peer);
}

static void
put_session(const struct sink_options *options, const struct sink_client *client, struct buf *out)
{
	const struct state *state = client->state;
	struct view rest = buf_view(&state->rcpts), rcpt;

	if (options->start_text != NULL)
		buf_printf(out, "%s\n", options->start_text);
	buf_puts(out, "X-Client-Addr: ");
	put_peer(out, &client->peer);
	buf_printf(out, "\nX-Client-Proto: %s\n", state->protocol);
	if (state->helo.len > 0)
		buf_printf(out, "X-Helo-Args: %s\n", buf_c(&state->helo));
	buf_printf(out, "X-Mail-Args: %s\n", buf_c(&state->mail));
	while (view_word(&rest, "\n", &rcpt))
		buf_printf(out, "X-Rcpt-Args: %.*s\n", VIEW_ARG(rcpt));
}

static void
put_received(const struct sink_options *options, const struct sink_client *client, struct buf *out)
{
	const struct state *state = client->state;

	buf_printf(out, "Received: from %s ([", state->helo.len > 0 ? buf_c(&state->helo) : "unknown");
	put_peer(out, &client->peer);
	buf_printf(out, "])\n\tby %s (smtp-sink) with %s id %08lx;\n\t", options->hostname, state->protocol,
	    (unsigned long)random());
	date_put(out, clock_wall().tv_sec);
	buf_putc(out, '\n');
}

void
dump_message(const struct sink_options *options, const struct sink_client *client)
{
	const struct state *state = client->state;
	struct buf text = BUF_INIT, path = BUF_INIT;

	put_session(options, client, &text);
	put_received(options, client, &text);
	buf_putv(&text, buf_view(&state->message));
	buf_putc(&text, '\n');
	if (options->single_template != NULL) {
		expand(options->single_template, &path);
		buf_printf(&path, "%08lx", (unsigned long)random());
		write_file(buf_c(&path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, buf_view(&text));
	} else {
		expand(options->multiple_template, &path);
		write_file(buf_c(&path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, buf_view(&text));
	}
	buf_fini(&text);
	buf_fini(&path);
}
