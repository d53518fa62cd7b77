/*
 * postlogd: writes the log lines of all processes to the file that maillog_file names, see postlogd(8). A datagram is a
 * line; whoever sent it made it whole ("Nov 21 09:58:33 mail postfix/smtpd[123]: text").
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "global/maillog/maillog_file.h"
#include "global/maillog/postlog_sink.h"
#include "service/master_protocol.h"
#include "service/service.h"
#include "util/event/loop.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/text/encode.h"

#define LINE_MAX_BYTES	16384

struct postlogd {
	int file;			/* -1: maillog_file is empty now, lines of older processes go to syslog */
	struct buf line;
};

/* As root, for the file may be root's; our own lines go straight to it, not into the socket that we read. */
static void
open_file(struct service_context *ctx)
{
	struct postlogd *state = mem_new(sizeof(*state));
	struct buf why = BUF_INIT;
	struct maillog_file file;

	if (!maillog_file_bind(service_settings(ctx), &file, &why))
		log_fatal("%s", buf_c(&why));
	state->file = -1;
	if (file.path[0] != '\0') {
		state->file = maillog_file_open(&file, &why);
		postlog_sink_use_file(state->file);
	}
	if (file.path[0] != '\0' && state->file == -1)
		log_fatal("%s", buf_c(&why));
	service_set_state(ctx, state);
	buf_fini(&why);
}

/*
 * Anybody in the group of the set-gid commands can send anything (LG4): every byte is made printable here again, and a
 * line end cannot be inside. One write per line, so that lines of two writers never mix.
 */
static void
take_line(struct service_context *ctx, struct view bytes)
{
	struct postlogd *state = service_state(ctx);
	struct view text = view_slice(view_trim(bytes), 0, LINE_MAX_BYTES);

	while (text.len > 0 && text.data[text.len - 1] == '\0')
		text.len--;
	if (text.len == 0)
		return;
	if (state->file == -1) {
		log_info("%.*s", VIEW_ARG(text));
		return;
	}
	buf_reset(&state->line);
	printable_put(&state->line, text, '?', true);
	buf_putc(&state->line, '\n');
	file_write_all(state->file, buf_view(&state->line), NULL);
}

/* The last words of others wait in the socket when all of us are told to go. */
static void
take_rest_and_go(int signal_number, void *arg)
{
	struct service_context *ctx = arg;
	char *datagram = mem_new(LINE_MAX_BYTES);
	ssize_t n;

	while ((n = recv(MASTER_LISTEN_FD, datagram, LINE_MAX_BYTES, MSG_DONTWAIT)) >= 0)
		take_line(ctx, view_bytes(datagram, (size_t)n));
	mem_free(datagram);
	service_leave(ctx);
}

static void
start(struct service_context *ctx)
{
	loop_signal(service_loop(ctx), SIGTERM, take_rest_and_go, ctx);
}

static const struct service postlogd_service = {
	.name = "postlogd",
	.shape = SERVICE_EVENT,
	.flags = SERVICE_SOLITARY,
	.watchdog = "postlogd_watchdog_timeout",
	.promises = "stdio file-write",
	.prepare = open_file,
	.start = start,
	.datagram = take_line,
};

int
main(int argc, char **argv)
{
	return service_main(&postlogd_service, argc, argv);
}
