#include "postfix/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/log/log.h"

enum { LIMIT_MS = 10 * 60 * 1000, OUTPUT_MAX = 1 << 20, ARGUMENTS_MAX = 64 };

static struct process_spec
spec_of(char *const *argv, char *const *environment, int output)
{
	return (struct process_spec){
		.argv = argv, .search_path = true, .environment = environment, .input = -1, .output = output, .error = 2,
	};
}

/* One that is not an empty list, for a program to be found by. */
static void
make_environment(char *path, size_t size, char **list)
{
	const char *ours = getenv("PATH");

	snprintf(path, size, "PATH=%s", ours != NULL ? ours : "/usr/sbin:/usr/bin:/sbin:/bin");
	list[0] = path;
	list[1] = NULL;
}

static bool
succeeded(struct process_outcome outcome)
{
	return outcome.result == PROCESS_EXITED && outcome.status == 0;
}

static int
run(char *const *argv, int output)
{
	char path[4096], *environment[2];
	struct buf why = BUF_INIT;
	struct process_spec spec = spec_of(argv, environment, output);
	pid_t pid;

	make_environment(path, sizeof(path), environment);
	fflush(stdout);
	if ((pid = process_start(&spec, &why)) == -1)
		log_fatal("%s", buf_c(&why));
	return succeeded(process_wait(pid, clock_now() + LIMIT_MS)) ? 0 : 1;
}

int
run_program(char *const *argv)
{
	return run(argv, STDOUT_FILENO);
}

bool
run_captured(char *const *argv, struct buf *output)
{
	char path[4096], *environment[2];
	struct buf why = BUF_INIT;
	struct process_spec spec = spec_of(argv, environment, -1);
	struct process_child child;

	make_environment(path, sizeof(path), environment);
	if (!process_open(&child, &spec, clock_now() + LIMIT_MS, OUTPUT_MAX, output, &why))
		log_fatal("%s", buf_c(&why));
	return succeeded(process_close(&child));
}

static int
postconf(const struct control *control, const char *const *arguments, int output)
{
	const char *argv[ARGUMENTS_MAX] = { NULL, "-c", config_directory(control->config) };
	struct buf program = BUF_INIT;
	size_t n = 3;
	int status;

	buf_printf(&program, "%s/postconf", control->settings.command_directory);
	argv[0] = buf_c(&program);
	for (; *arguments != NULL; arguments++) {
		if (n == ARGUMENTS_MAX - 1)
			log_fatal("too many arguments");
		argv[n++] = *arguments;
	}
	status = run((char *const *)argv, output);
	buf_fini(&program);
	return status;
}

int
run_postconf(const struct control *control, const char *const *arguments)
{
	return postconf(control, arguments, STDOUT_FILENO);
}

void
run_postconf_for_warnings(const struct control *control)
{
	static const char *const arguments[] = { "-n", NULL };

	postconf(control, arguments, -1);
}
