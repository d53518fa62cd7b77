/* discard: a delivery agent that claims to have delivered. The next hop is the text for the log. */
#include "global/delivery/delivery.h"
#include "service/service.h"
#include "util/log/log.h"

static void
deliver(void *agent, struct delivery_request *request, struct delivery_report *report)
{
	char code[DSN_STATUS_SIZE];
	struct view text = request->nexthop;
	struct dsn dsn;

	dsn_init(&dsn);
	if (!dsn_split(request->nexthop, code, &text) || code[0] != '2')
		dsn_set(&dsn, "2.0.0", "%.*s", VIEW_ARG(text));
	else
		dsn_set(&dsn, code, "%.*s", VIEW_ARG(text));
	for (size_t i = 0; i < request->recipient_count; i++)
		if (!delivery_conclude(request, &request->recipients[i], "none", &dsn))
			report->result = DELIVERY_DEFERRED;
	dsn_fini(&dsn);
}

static void
prepare(struct service_context *ctx)
{
	struct buf why = BUF_INIT;

	if (!delivery_agent_prepare(service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	return delivery_agent_serve(NULL, channel, request, deliver) ? SERVICE_DONE : SERVICE_HANG_UP;
}

static const struct service discard_service = {
	.name = "discard",
	.shape = SERVICE_SEQUENTIAL,
	.protocol = &delivery_protocol,
	.promises = "stdio queue-write unix-connect",
	.prepare = prepare,
	.serve = serve,
};

int
main(int argc, char **argv)
{
	return service_main(&discard_service, argc, argv);
}
