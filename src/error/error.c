/*
 * error: a delivery agent that delivers nothing. As the service "retry" it puts all recipients off, under any other
 * name it returns them; the next hop is the reason, "X.Y.Z text".
 */
#include "global/delivery/delivery.h"
#include "service/service.h"
#include "util/log/log.h"

struct error_agent {
	bool retry;
};

/* The code of the text counts only when it is of the class that this service gives. */
static void
reason(const struct error_agent *agent, struct view nexthop, struct dsn *dsn)
{
	char code[DSN_STATUS_SIZE];
	char class = agent->retry ? '4' : '5';
	struct view text = nexthop;

	if (!dsn_split(nexthop, code, &text) || code[0] != class)
		dsn_set(dsn, agent->retry ? "4.0.0" : "5.0.0", "%.*s", VIEW_ARG(text));
	else
		dsn_set(dsn, code, "%.*s", VIEW_ARG(text));
}

static void
deliver(void *arg, struct delivery_request *request, struct delivery_report *report)
{
	const struct error_agent *agent = arg;
	struct dsn dsn;

	dsn_init(&dsn);
	reason(agent, request->nexthop, &dsn);
	for (size_t i = 0; i < request->recipient_count; i++) {
		const struct queue_recipient *recipient = &request->recipients[i];

		if (!delivery_conclude(request, recipient, "none", &dsn))
			report->result = DELIVERY_DEFERRED;
	}
	dsn_fini(&dsn);
}

static void
prepare(struct service_context *ctx)
{
	struct error_agent *agent = mem_new(sizeof(*agent));
	struct buf why = BUF_INIT;

	if (!delivery_agent_prepare(service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
	agent->retry = view_is(view_string(service_name(ctx)), "retry");
	service_set_state(ctx, agent);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	return delivery_agent_serve(service_state(ctx), channel, request, deliver) ? SERVICE_DONE : SERVICE_HANG_UP;
}

static const struct service error_service = {
	.name = "error",
	.shape = SERVICE_SEQUENTIAL,
	.protocol = &delivery_protocol,
	.promises = "stdio queue-write unix-connect",
	.prepare = prepare,
	.serve = serve,
};

int
main(int argc, char **argv)
{
	return service_main(&error_service, argc, argv);
}
