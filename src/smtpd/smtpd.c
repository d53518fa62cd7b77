/*
 * smtpd: receives mail by SMTP. One client at a time: who it is, what it may do, and its messages handed to cleanup as
 * they come. The rules for who may do what are in access/, a session is in session.c, a message in transaction.c.
 */
#include "service/service.h"
#include "smtpd/config.h"
#include "smtpd/server.h"
#include "smtpd/session.h"

static void
prepare(struct service_context *ctx)
{
	service_set_state(ctx, server_open(ctx));
	service_set_chores(ctx, false);
}

static void
client(struct service_context *ctx, int fd)
{
	struct smtpd_server *server = service_state(ctx);
	struct stream *stream = server->on_stdin ? stream_new_pair(fd, 1) : stream_new_socket(fd);

	session_run(server, stream, server->standalone);
	service_set_chores(ctx, access_holds_connections(server->access));
}

static void
idle(struct service_context *ctx)
{
	struct smtpd_server *server = service_state(ctx);

	access_idle(server->access);
	service_set_chores(ctx, access_holds_connections(server->access));
}

static const struct service smtpd_service = {
	.name = "smtpd",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_STANDALONE | SERVICE_STREAM,
	.bindings = smtpd_bindings,
	.config_size = sizeof(struct smtpd_config),
	.promises = "stdio dns",
	.prepare = prepare,
	.client = client,
	.idle = idle,
};

int
main(int argc, char **argv)
{
	return service_main(&smtpd_service, argc, argv);
}
