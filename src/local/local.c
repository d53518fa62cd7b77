/*
 * local: delivers mail for the users of this host.
 *
 *	deliver.c	one recipient: expand, deliver, report
 *	expand.c	aliases(5), all the way down
 *	mailbox.c	a user's mbox or Maildir
 *	forward.c	what goes on to other addresses
 */
#include "local/deliver.h"
#include "service/service.h"
#include "util/log/log.h"

static void
open_clients(struct agent *agent)
{
	msec_t timeout = (msec_t)agent->config->ipc_timeout_sec * 1000;
	struct buf path = BUF_INIT;

	buf_printf(&path, "private/%s", agent->config->rewrite_service);
	agent->resolver = resolver_new(buf_c(&path), timeout);
	buf_reset(&path);
	buf_printf(&path, "public/%s", agent->config->cleanup_service);
	agent->cleanup = cleanup_client_new(buf_c(&path), timeout);
	buf_fini(&path);
}

static void
open_aliases(struct service_context *ctx, struct agent *agent)
{
	struct table *table;

	agent->aliases = maps_open(service_tables(ctx), "alias_maps", agent->config->alias_maps,
	    TABLE_FOLD_FIXED | TABLE_NO_SUBSTITUTION | TABLE_NO_UNAUTHORISED);
	for (size_t i = 0; (table = maps_at(agent->aliases, i)) != NULL; i++)
		service_watch(ctx, table);
}

static void
prepare(struct service_context *ctx)
{
	struct agent *agent = mem_new(sizeof(*agent));
	const struct local_config *config = service_config(ctx);
	struct buf why = BUF_INIT;

	agent->config = config;
	agent->lock = (struct mailbox_lock_policy){ .attempts = config->lock_attempts, .delay_sec = config->lock_delay_sec,
		.stale_sec = config->stale_lock_sec };
	if (!config_bind(service_settings(ctx), rewrite_bindings, &agent->rewrite, &why) ||
	    !delivery_agent_prepare(service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
	if (!mailbox_lock_styles(config->mailbox_lock, &agent->lock.styles, &why))
		log_fatal("mailbox_delivery_lock: %s", buf_c(&why));
	open_aliases(ctx, agent);
	open_clients(agent);
	service_set_state(ctx, agent);
	buf_fini(&why);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	return delivery_agent_serve(service_state(ctx), channel, request, local_deliver) ? SERVICE_DONE : SERVICE_HANG_UP;
}

static void
idle(struct service_context *ctx)
{
	struct agent *agent = service_state(ctx);

	cleanup_client_release(agent->cleanup);
}

static const struct service local_service = {
	.name = "local",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_KEEP_ROOT | SERVICE_OPEN,
	.protocol = &delivery_protocol,
	.bindings = local_bindings,
	.config_size = sizeof(struct local_config),
	.prepare = prepare,
	.serve = serve,
	.idle = idle,
};

int
main(int argc, char **argv)
{
	return service_main(&local_service, argc, argv);
}
