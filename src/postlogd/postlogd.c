/*
 * postlogd: writes the log lines of all processes to the file that maillog_file names, see postlogd(8). A datagram is a
 * line; whoever sent it made it whole ("Nov 21 09:58:33 mail postfix/smtpd[123]: text").
 */
#include <signal.h>

#include "global/maillog/maillog_file.h"
#include "global/maillog/postlog_sink.h"
#include "service/master_protocol.h"
#include "service/service.h"
#include "util/event/loop.h"
#include "util/log/log.h"

struct postlogd {
	int file;			/* -1: maillog_file is empty now, lines of older processes go to syslog */
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

static void
take_line(struct service_context *ctx, struct view datagram)
{
	struct postlogd *state = service_state(ctx);

	if (state->file != -1)
		maillog_file_append(state->file, datagram);
	else
		log_info("%.*s", VIEW_ARG(datagram));
}

/* The last words of others wait in the socket when all of us are told to go. */
static void
take_rest_and_go(int signal_number, void *arg)
{
	struct service_context *ctx = arg;
	struct postlogd *state = service_state(ctx);

	if (state->file != -1)
		maillog_file_drain(state->file, MASTER_LISTEN_FD);
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
	.flags = SERVICE_SOLITARY | SERVICE_NO_MAX_USE | SERVICE_NO_RETIRE,	/* while the next one starts, lines would wait */
	.watchdog = "postlogd_watchdog_timeout",
	.promises = "stdio",
	.prepare = open_file,
	.start = start,
	.datagram = take_line,
};

int
main(int argc, char **argv)
{
	return service_main(&postlogd_service, argc, argv);
}
