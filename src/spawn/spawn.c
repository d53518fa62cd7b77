/*
 * spawn: runs a command for each connection, with the connection as its input, output and error, as a user that is
 * neither root nor mail_owner. master.cf says which: user=u[:g] argv=command argument…
 */
#include <unistd.h>

#include "global/config/config.h"
#include "service/service.h"
#include "util/log/log.h"
#include "util/process/process.h"

struct spawn_config {
	const char *export_environment, *setgid_group;
	int time_limit_sec;
};

static const struct binding bindings[] = {
	BIND_STRING(struct spawn_config, export_environment, "export_environment"),
	BIND_STRING(struct spawn_config, setgid_group, "setgid_group"),
	BIND_TIME(struct spawn_config, time_limit_sec, "%_time_limit"),
	BIND_END
};

struct spawn {
	const struct spawn_config *config;
	struct identity as;
	char **argv;
	struct arena arena;
	struct process_environment environment;
};

static void
take_argv(struct spawn *spawn, char *const *arguments)
{
	size_t count = 0;

	while (arguments[count] != NULL)
		count++;
	spawn->argv = arena_alloc_array(&spawn->arena, count + 1, sizeof(char *));
	for (size_t i = 0; i < count; i++)
		spawn->argv[i] = arguments[i];
	spawn->argv[0] += strlen("argv=");
	if (spawn->argv[0][0] == '\0')
		log_fatal("argv=: no command");
}

static void
prepare(struct service_context *ctx)
{
	struct spawn *spawn = mem_new(sizeof(*spawn));
	const char *user = NULL;
	char *const *at;

	spawn->config = service_config(ctx);
	for (at = service_arguments(ctx); *at != NULL && strncmp(*at, "argv=", 5) != 0; at++) {
		if (strncmp(*at, "user=", 5) != 0)
			log_fatal("unknown attribute name: %s", *at);
		user = *at + 5;
	}
	if (*at == NULL)
		log_fatal("missing argv= command-line attribute");
	if (user == NULL)
		log_fatal("missing user= command-line attribute");
	service_program_rights(ctx, "user=", user, spawn->config->setgid_group, &spawn->as);
	take_argv(spawn, at);
	process_environment_init(&spawn->environment, &spawn->arena, spawn->config->export_environment);
	service_set_state(ctx, spawn);
}

static void
report(const struct spawn *spawn, pid_t pid, struct process_outcome outcome)
{
	const char *command = spawn->argv[0];

	if (outcome.result == PROCESS_TIMEOUT)
		log_warn("%s: process id %ld: command time limit exceeded", command, (long)pid);
	else if (outcome.result == PROCESS_KILLED)
		log_warn("command %s: process id %ld was killed by signal %d", command, (long)pid, outcome.status);
	else if (outcome.status != 0)
		log_warn("command %s: process id %ld exited with status %d", command, (long)pid, outcome.status);
}

static void
client(struct service_context *ctx, int fd)
{
	struct spawn *spawn = service_state(ctx);
	struct process_spec spec = { .argv = spawn->argv, .environment = spawn->environment.list,
		.as = geteuid() == 0 ? &spawn->as : NULL, .input = fd, .output = fd, .error = fd, .search_path = true };
	msec_t deadline = clock_deadline((msec_t)spawn->config->time_limit_sec * 1000);
	struct buf why = BUF_INIT;
	pid_t pid = process_start(&spec, &why);

	close(fd);		/* its end is seen when the command closes it */
	if (pid == -1)
		log_warn("cannot run %s: %s", spawn->argv[0], buf_c(&why));
	else
		report(spawn, pid, process_wait(pid, deadline));
	buf_fini(&why);
}

static const struct service spawn_service = {
	.name = "spawn",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_KEEP_ROOT | SERVICE_OPEN,
	.bindings = bindings,
	.config_size = sizeof(struct spawn_config),
	.prepare = prepare,
	.client = client,
};

int
main(int argc, char **argv)
{
	return service_main(&spawn_service, argc, argv);
}
