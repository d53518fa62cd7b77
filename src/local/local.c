/*
 * local: delivers mail for the users of this host.
 *
 *	deliver.c	one recipient: expand, deliver, report
 *	expand.c	aliases(5)
 *	member.c	what stands in aliases, :include: files and .forward files
 *	user.c		users, and those who are none
 *	dot_forward.c	a user's .forward
 *	mailbox.c	mbox, Maildir, files
 *	command.c	programs
 *	forward.c	what goes on to other addresses
 */
#include <unistd.h>

#include "global/client/proxy.h"
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

static struct maps *
open_maps(struct service_context *ctx, const char *title, const char *list, unsigned flags)
{
	struct maps *maps = maps_open(service_tables(ctx), title, list, TABLE_FOLD_FIXED | flags);
	struct table *table;

	for (size_t i = 0; (table = maps_at(maps, i)) != NULL; i++)
		service_watch(ctx, table);
	return maps;
}

/*
 * A sender must not choose which command is run, nor anybody who can answer for a table (LV14); proxymap, which has fewer
 * rights than we, is not asked.
 */
static void
open_tables(struct service_context *ctx, struct agent *agent)
{
	const struct local_config *config = agent->config;
	const unsigned safe = TABLE_NO_SUBSTITUTION | TABLE_NO_UNAUTHORISED;

	proxy_register_direct();
	agent->aliases = open_maps(ctx, "alias_maps", config->alias_maps, safe);
	agent->mailbox_commands = open_maps(ctx, "mailbox_command_maps", config->mailbox_command_maps, safe);
	agent->mailbox_transports = open_maps(ctx, "mailbox_transport_maps", config->mailbox_transport_maps, safe);
	agent->fallback_transports = open_maps(ctx, "fallback_transport_maps", config->fallback_transport_maps, safe);
}

static void
take_words(struct agent *agent)
{
	const struct local_config *config = agent->config;

	agent->allow_commands = local_words("allow_mail_to_commands", config->allow_commands);
	agent->allow_files = local_words("allow_mail_to_files", config->allow_files);
	agent->prepend_delivered = local_words("prepend_delivered_header", config->prepend_delivered);
	agent->propagate = local_words("propagate_unmatched_extensions", config->propagate);
}

static void
check_sizes(const struct local_config *config)
{
	long long message = config->message_size_limit, mailbox = config->mailbox_size_limit;

	if (mailbox > 0 && (message == 0 || mailbox < message))
		log_fatal("main.cf configuration error: mailbox_size_limit is smaller than message_size_limit");
}

/* An old mail program looked at dotlocks only, and was in the way of other locks. */
static void
set_lock_styles(struct agent *agent)
{
	struct buf why = BUF_INIT;

	if (agent->config->sun_mailtool) {
		log_warn("sun_mailtool_compatibility: deprecated parameter, use \"mailbox_delivery_lock = dotlock\" instead");
		agent->lock.styles = MAILBOX_LOCK_DOTLOCK;
	} else if (!mailbox_lock_styles(agent->config->mailbox_lock, &agent->lock.styles, &why)) {
		log_fatal("mailbox_delivery_lock: %s", buf_c(&why));
	}
	buf_fini(&why);
}

static void
prepare(struct service_context *ctx)
{
	struct agent *agent = mem_new(sizeof(*agent));
	const struct local_config *config = service_config(ctx);
	struct buf why = BUF_INIT;

	agent->config = config;
	agent->service = service_name(ctx);
	agent->lock = (struct mailbox_lock_policy){ .attempts = config->lock_attempts, .delay_sec = config->lock_delay_sec,
		.stale_sec = config->stale_lock_sec };
	if (!config_bind(service_settings(ctx), rewrite_bindings, &agent->rewrite, &why) ||
	    !delivery_agent_prepare(service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
	set_lock_styles(agent);
	check_sizes(config);
	take_words(agent);
	service_program_rights(ctx, "default_privs = ", config->default_privs, config->setgid_group, &agent->default_privs);
	open_tables(ctx, agent);
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
