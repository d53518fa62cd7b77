/*
 * pipe: hands messages to a command, as a user that is neither root nor mail_owner.
 *
 *	options.c	the attributes in master.cf
 *	argv.c		the command line for a message
 */
#include <unistd.h>

#include "pipe/pipe.h"
#include "service/service.h"
#include "util/log/log.h"

static const struct binding bindings[] = {
	BIND_STRING(struct pipe_config, export_environment, "export_environment"),
	BIND_STRING(struct pipe_config, recipient_delimiter, "recipient_delimiter"),
	BIND_STRING(struct pipe_config, setgid_group, "setgid_group"),
	BIND_TIME(struct pipe_config, time_limit_sec, "%_time_limit"),
	BIND_BOOL(struct pipe_config, owner_request_special, "owner_request_special"),
	BIND_END
};

struct agent {
	const struct pipe_config *config;
	const char *service;
	struct pipe_options options;
	struct identity as;
	struct arena arena;
	struct process_environment environment;
};

/* -- start --------------------------------------------------------------------------------------------------------- */

static void
prepare(struct service_context *ctx)
{
	struct agent *agent = mem_new(sizeof(*agent));
	struct buf why = BUF_INIT;

	agent->config = service_config(ctx);
	agent->service = service_name(ctx);
	if (!pipe_options_parse(service_arguments(ctx), &agent->arena, &agent->options, &why))
		log_fatal("service %s: %s", agent->service, buf_c(&why));
	service_program_rights(ctx, "user=", agent->options.user, agent->config->setgid_group, &agent->as);
	if (!delivery_agent_prepare(service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
	process_environment_init(&agent->environment, &agent->arena, agent->config->export_environment);
	service_set_state(ctx, agent);
	buf_fini(&why);
}

/* -- delivery ------------------------------------------------------------------------------------------------------ */

/* The text of a success is short: it is what the command said to nobody in particular. */
static void
tell_success(const struct agent *agent, const struct buf *output, struct dsn *dsn)
{
	enum { OUTPUT_SHOWN = 100 };

	dsn_set(dsn, "2.0.0", "delivered via %s service", agent->service);
	if (output->len > 0)
		buf_printf(&dsn->text, " (%.*s)", VIEW_ARG(view_slice(buf_view(output), 0, OUTPUT_SHOWN)));
	buf_set(&dsn->action, (agent->options.flags & PIPE_FINAL) ? VIEW("delivered") : VIEW("relayed"));
}

static void
run(struct agent *agent, struct delivery_request *request, struct arena *arena, struct dsn *dsn)
{
	const struct pipe_options *options = &agent->options;
	const struct queue_recipient *first = &request->recipients[0];
	unsigned unwanted = request->settings->original_recipient ? 0 : COPY_ORIGINAL_TO;
	struct view sender = view_empty(request->sender) ? view_string(options->null_sender) : request->sender;
	struct copy_envelope envelope = { sender, view_empty(first->original) ? first->address : first->original,
		first->address, options->copy & ~unwanted, options->line_end };
	struct process_spec spec = { .environment = agent->environment.list, .directory = options->directory,
		.chroot = options->chroot, .as = geteuid() == 0 ? &agent->as : NULL, .search_path = true };
	struct delivery_command command = { .spec = &spec, .time_limit_sec = agent->config->time_limit_sec };
	struct buf output = BUF_INIT, why = BUF_INIT;
	char **argv = pipe_argv(options, agent->config, request, arena, &why);

	if (argv == NULL) {
		log_warn("service %s: %s", agent->service, buf_c(&why));
		dsn_set(dsn, "4.3.5", "mail system configuration error");
	} else if (request->flags & DELIVERY_TRACE) {
		dsn_set(dsn, "2.0.0", "delivers to command: %s", argv[0]);
	} else {
		spec.argv = argv;
		command.text = argv[0];
		command_deliver(request, &envelope, &command, dsn, &output);
		if (dsn->status[0] == '2')
			tell_success(agent, &output, dsn);
	}
	buf_fini(&why);
	buf_fini(&output);
}

/* Headers about the recipient need a request with one. */
static bool
one_recipient_too_many(const struct agent *agent, const struct delivery_request *request)
{
	if (!(agent->options.copy & (COPY_DELIVERED_TO | COPY_ORIGINAL_TO)) || request->recipient_count == 1)
		return false;
	log_warn("service %s: flags D and O need %s_destination_recipient_limit = 1", agent->service, agent->service);
	return true;
}

static void
deliver_all(struct agent *agent, struct delivery_request *request, struct arena *arena, struct dsn *dsn)
{
	struct view address = request->recipients[0].address;

	if (one_recipient_too_many(agent, request))
		dsn_set(dsn, "4.3.5", "mail system configuration error");
	else if (agent->options.size_max > 0 && request->data_size > agent->options.size_max)
		dsn_set(dsn, "5.2.3", "message too large");
	else if ((agent->options.copy & COPY_DELIVERED_TO) && message_was_delivered_to(request, address))
		dsn_set(dsn, "5.4.6", "mail forwarding loop for %.*s", VIEW_ARG(address));
	else
		run(agent, request, arena, dsn);
}

static void
deliver(void *arg, struct delivery_request *request, struct delivery_report *report)
{
	struct agent *agent = arg;
	struct arena arena = ARENA_INIT;
	struct dsn dsn;

	if (request->recipient_count == 0)
		return;
	dsn_init(&dsn);
	deliver_all(agent, request, &arena, &dsn);
	for (size_t i = 0; i < request->recipient_count; i++)
		if (!delivery_conclude(request, &request->recipients[i], agent->service, &dsn))
			report->result = DELIVERY_DEFERRED;
	dsn_fini(&dsn);
	arena_fini(&arena);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	return delivery_agent_serve(service_state(ctx), channel, request, deliver) ? SERVICE_DONE : SERVICE_HANG_UP;
}

static const struct service pipe_service = {
	.name = "pipe",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_KEEP_ROOT | SERVICE_OPEN,
	.protocol = &delivery_protocol,
	.bindings = bindings,
	.config_size = sizeof(struct pipe_config),
	.prepare = prepare,
	.serve = serve,
};

int
main(int argc, char **argv)
{
	return service_main(&pipe_service, argc, argv);
}
