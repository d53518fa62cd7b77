#include "service/debugger.h"

#include <unistd.h>

#include "util/log/log.h"

enum { ATTACH_SEC = 5 };

/* The text is the administrator's; a shell expands $process_name and $process_id from the environment. */
static void
run(struct service_context *ctx, struct view command)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	char shell[] = "/bin/sh", option[] = "-c", *argv[] = { shell, option, NULL, NULL };
	struct process_spec spec = {
		.argv = argv, .environment = environ, .input = -1, .output = -1, .error = -1,
	};

	buf_putv(&text, command);
	argv[2] = text.data;
	if (process_start(&spec, &why) == -1)
		log_fatal("cannot run debugger_command: %s", buf_c(&why));
	sleep(ATTACH_SEC);
	buf_fini(&text);
	buf_fini(&why);
}

static void
set_number(const char *name, long value)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%ld", value);
	setenv(name, buf_c(&text), 1);
	buf_fini(&text);
}

void
debugger_start(struct service_context *ctx)
{
	struct view command;

	if (!ctx->options.debugger)
		return;
	command = view_trim(view_string(config_raw(ctx->config, "debugger_command")));
	if (view_empty(command)) {
		log_warn("-D: debugger_command is empty");
		return;
	}
	setenv("process_name", ctx->options.process_name, 1);
	setenv("daemon_directory", config_string(ctx->config, "daemon_directory", NULL), 1);
	set_number("process_id", (long)getpid());
	run(ctx, command);
	unsetenv("process_name");
	unsetenv("process_id");
	unsetenv("daemon_directory");
}
