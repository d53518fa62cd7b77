/* command: mail for programs, with the rights of whoever named them, and an environment that tells about the mail. */
#include <unistd.h>

#include "global/delivery/command.h"
#include "local/deliver.h"

/* -- environment --------------------------------------------------------------------------------------------------- */

/* Unset rather than empty; what a shell could take for more than text becomes '_' (LV16). */
static void
put(struct process_environment *environment, const char *filter, const char *name, struct view value)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < value.len; i++)
		buf_putc(&text, value.data[i] != '\0' && strchr(filter, value.data[i]) != NULL ? value.data[i] : '_');
	if (text.len > 0)
		process_environment_put(environment, name, buf_view(&text));
	buf_fini(&text);
}

static void
put_user(struct process_environment *environment, const struct target *target)
{
	if (target->user == NULL)
		return;
	process_environment_put(environment, "HOME", view_string(target->user->home));
	process_environment_put(environment, "SHELL", target->user->shell[0] != '\0' ? view_string(target->user->shell) : VIEW("/bin/sh"));
}

static void
put_recipient(const struct local_delivery *delivery, struct process_environment *environment, const struct target *target)
{
	const struct queue_recipient *recipient = delivery->recipient;
	const char *filter = delivery->agent->config->command_filter;
	const struct step *step = target->step;

	put(environment, filter, "USER", step->name);
	put(environment, filter, "LOGNAME", step->name);
	put(environment, filter, "LOCAL", step->local);
	put(environment, filter, "DOMAIN", step->domain);
	put(environment, filter, "EXTENSION", step->extension);
	put(environment, filter, "RECIPIENT", step->address);
	put(environment, filter, "ORIGINAL_RECIPIENT", view_empty(recipient->original) ? recipient->address : recipient->original);
	put(environment, filter, "SENDER", view_empty(step->sender) ? VIEW("MAILER-DAEMON") : step->sender);
}

static void
put_message(const struct local_delivery *delivery, struct process_environment *environment)
{
	const struct delivery_request *request = delivery->request;
	const char *filter = delivery->agent->config->command_filter;

	put(environment, filter, "ENVID", request->envid);
	put(environment, filter, "CLIENT_ADDRESS", request->client_address);
	put(environment, filter, "CLIENT_HELO", request->client_helo);
	put(environment, filter, "CLIENT_HOSTNAME", request->client_name);
	put(environment, filter, "CLIENT_PROTOCOL", request->client_protocol);
	put(environment, filter, "SASL_METHOD", request->sasl_method);
	put(environment, filter, "SASL_SENDER", request->sasl_sender);
	put(environment, filter, "SASL_USERNAME", request->sasl_username);
}

/* -- running it ---------------------------------------------------------------------------------------------------- */

/* False: the directory cannot be told. NULL: where we are, in the queue directory. */
static bool
find_directory(const struct local_delivery *delivery, const struct target *target, const char **directory)
{
	const struct local_config *config = delivery->agent->config;
	struct buf path = BUF_INIT;
	bool ok;

	*directory = NULL;
	if (config->command_directory[0] == '\0')
		return true;
	ok = local_macros(delivery, target->step, target->user, view_string(config->command_directory), config->directory_filter, &path);
	if (ok && path.len > 0)
		*directory = arena_string(delivery->arena, buf_view(&path));
	buf_fini(&path);
	return ok;
}

static void
run(struct local_delivery *delivery, const struct target *target, const char *directory, struct dsn *dsn)
{
	const struct local_config *config = delivery->agent->config;
	struct copy_envelope envelope = local_envelope(delivery, target, LOCAL_COMMAND);
	const char *line = target->text.data, *shell = config->command_shell[0] != '\0' ? config->command_shell : NULL;
	struct process_environment environment;
	struct process_spec spec = { .argv = command_argv(delivery->arena, line, shell), .search_path = true,
		.otherwise = shell == NULL ? command_argv(delivery->arena, line, "/bin/sh -c") : NULL,
		.directory = directory, .as = geteuid() == 0 ? &target->as : NULL, .file_size_max = config->mailbox_size_limit };
	struct delivery_command command = { &spec, line, config->command_time_limit_sec };
	struct buf output = BUF_INIT;

	process_environment_init(&environment, delivery->arena, config->export_environment);
	put_user(&environment, target);
	put_recipient(delivery, &environment, target);
	put_message(delivery, &environment);
	spec.environment = environment.list;
	envelope.flags |= COPY_FROM_LINE;
	command_deliver(delivery->request, &envelope, &command, dsn, &output);
	if (dsn->status[0] == '2')
		dsn_set(dsn, "2.0.0", "delivered to command: %s", line);
	buf_fini(&output);
}

void
local_command(struct local_delivery *delivery, const struct target *target, struct dsn *dsn)
{
	const char *directory;

	identity_restore();
	if (delivery->request->flags & DELIVERY_TRACE)
		dsn_set(dsn, "2.0.0", "delivers to command: %.*s", VIEW_ARG(target->text));
	else if (!find_directory(delivery, target, &directory))
		dsn_set(dsn, "4.3.5", "mail system configuration error");
	else
		run(delivery, target, directory, dsn);
}
