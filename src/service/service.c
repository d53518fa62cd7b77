#include "service/service.h"

#include <unistd.h>

#include "global/maillog/postlog_sink.h"
#include "service/context.h"
#include "service/master_protocol.h"
#include "service/watchdog.h"
#include "util/event/loop.h"

static void
run_standalone(struct service_context *ctx)
{
	watchdog_working(true);
	ctx->service->client(ctx, STDIN_FILENO);
}

static void
run(struct service_context *ctx)
{
	static void (*const shapes[])(struct service_context *) = {
		[SERVICE_SEQUENTIAL] = service_run_sequential,
		[SERVICE_MANY_CLIENTS] = service_run_many_clients,
		[SERVICE_EVENT] = service_run_events,
		[SERVICE_MANAGER] = service_run_events,
	};

	watchdog_start(ctx->limits.watchdog_sec);
	if (ctx->options.standalone)
		run_standalone(ctx);
	else
		shapes[ctx->service->shape](ctx);
}

int
service_main(const struct service *service, int argc, char **argv)
{
	struct service_context ctx = { .service = service };

	list_init(&ctx.watched);
	service_start_up(&ctx, argc, argv);
	run(&ctx);
	if (service->stop != NULL)
		service->stop(&ctx);
	maillog_finish();
	return 0;
}

const void *
service_config(const struct service_context *ctx)
{
	return ctx->bound;
}

struct config *
service_settings(const struct service_context *ctx)
{
	return ctx->config;
}

const char *
service_name(const struct service_context *ctx)
{
	return ctx->options.name;
}

const char *
service_type(const struct service_context *ctx)
{
	return ctx->options.type;
}

bool
service_standalone(const struct service_context *ctx)
{
	return ctx->options.standalone;
}

char *const *
service_arguments(const struct service_context *ctx)
{
	return ctx->options.arguments;
}

const struct identity *
service_owner(const struct service_context *ctx)
{
	return &ctx->owner;
}

void *
service_state(const struct service_context *ctx)
{
	return ctx->state;
}

void
service_set_state(struct service_context *ctx, void *state)
{
	ctx->state = state;
}

struct loop *
service_loop(const struct service_context *ctx)
{
	return ctx->loop;
}

int
service_flow_read(const struct service_context *ctx)
{
	return ctx->options.standalone ? -1 : MASTER_FLOW_READ_FD;
}

int
service_flow_write(const struct service_context *ctx)
{
	return ctx->options.standalone ? -1 : MASTER_FLOW_WRITE_FD;
}

const struct table_env *
service_tables(const struct service_context *ctx)
{
	return &ctx->table_env;
}
