/*
 * smtp: delivers mail to other hosts over SMTP, and under the name lmtp over LMTP.
 *
 *	deliver.c	one request over all its next hops and hosts; the session that is kept
 *	destination.c	next hop → hosts to try
 *	session.c	one connection: greeting, features, replies
 *	transaction.c	MAIL, RCPT, DATA, verdicts
 *	content.c	queue file → lines on the wire
 */
#include <string.h>

#include "service/service.h"
#include "smtp/deliver.h"
#include "util/log/log.h"

static void
prepare(struct service_context *ctx, bool lmtp)
{
	struct agent *agent = mem_new(sizeof(*agent));
	struct buf why = BUF_INIT;

	agent->config = service_config(ctx);
	agent->service_name = service_name(ctx);
	agent->lmtp = lmtp;
	if (!delivery_agent_prepare(service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
	if (agent->config->generic_maps[0] != '\0')
		agent->generic = maps_open(service_tables(ctx), "smtp_generic_maps", agent->config->generic_maps, TABLE_FOLD_FIXED);
	if (agent->config->cache_destinations[0] != '\0')
		agent->cache_destinations = match_list_open(service_tables(ctx), "smtp_connection_cache_destinations",
		    agent->config->cache_destinations, 0);
	service_set_state(ctx, agent);
	buf_fini(&why);
}

static void
prepare_smtp(struct service_context *ctx)
{
	prepare(ctx, false);
}

static void
prepare_lmtp(struct service_context *ctx)
{
	prepare(ctx, true);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	return delivery_agent_serve(service_state(ctx), channel, request, smtp_deliver) ? SERVICE_DONE : SERVICE_HANG_UP;
}

static void
idle(struct service_context *ctx)
{
	smtp_expire_kept(service_state(ctx));
}

static void
stop(struct service_context *ctx)
{
	smtp_drop_kept(service_state(ctx));
}

static const char promises[] = "stdio queue-write net-connect dns";

static const struct service smtp_service = {
	.name = "smtp",
	.shape = SERVICE_SEQUENTIAL,
	.protocol = &delivery_protocol,
	.bindings = smtp_bindings,
	.config_size = sizeof(struct smtp_config),
	.promises = promises,
	.prepare = prepare_smtp,
	.serve = serve,
	.idle = idle,
	.stop = stop,
};

static const struct service lmtp_service = {
	.name = "lmtp",
	.shape = SERVICE_SEQUENTIAL,
	.protocol = &delivery_protocol,
	.bindings = lmtp_bindings,
	.config_size = sizeof(struct smtp_config),
	.promises = promises,
	.prepare = prepare_lmtp,
	.serve = serve,
	.idle = idle,
	.stop = stop,
};

int
main(int argc, char **argv)
{
	const char *name = argc > 0 ? argv[0] : "smtp", *slash = strrchr(name, '/');

	name = slash != NULL ? slash + 1 : name;
	return service_main(strcmp(name, "lmtp") == 0 ? &lmtp_service : &smtp_service, argc, argv);
}
