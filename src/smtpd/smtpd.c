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
}

static void
client(struct service_context *ctx, int fd)
{
	bool standalone = service_standalone(ctx);
	struct stream *stream = standalone ? stream_new_pair(fd, 1) : stream_new(fd);

	session_run(service_state(ctx), stream, standalone);
}

static void
idle(struct service_context *ctx)
{
	struct smtpd_server *server = service_state(ctx);

	access_idle(server->access);
}

static const struct service smtpd_service = {
	.name = "smtpd",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_STANDALONE,
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
