#include "postmulti/run.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/log/log.h"

static void
set_environment(const struct instance *instance)
{
	static const char *const names[] = {
		"command_directory", "daemon_directory", "queue_directory", "data_directory", "multi_instance_name",
		"multi_instance_group", "multi_instance_enable",
	};
	struct buf path = BUF_INIT;
	const char *old = getenv("PATH");

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		setenv(names[i], instance_setting(instance, names[i]), 1);
	setenv("MAIL_CONFIG", instance->directory, 1);
	setenv("config_directory", instance->directory, 1);
	buf_printf(&path, "%s:%s", instance_setting(instance, "command_directory"), old != NULL ? old : "/usr/bin:/bin");
	setenv("PATH", buf_c(&path), 1);
	buf_fini(&path);
}

int
run_for(const struct instance *instance, char *const *argv)
{
	int status;
	pid_t pid = fork();

	if (pid == -1)
		log_fatal("fork: %m");
	if (pid == 0) {
		set_environment(instance);
		execvp(argv[0], argv);
		log_error("cannot run %s: %m", argv[0]);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			log_fatal("wait: %m");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

void
run_edit(const struct instance *by, const char *directory, const char *const *settings)
{
	const char *argv[32] = { "postconf", "-c", directory, "-e" };
	size_t n = 4;

	for (; *settings != NULL && n < ARRAY_COUNT(argv) - 1; settings++)
		argv[n++] = *settings;
	if (run_for(by, (char *const *)argv) != 0)
		log_fatal("cannot edit %s/main.cf", directory);
}
