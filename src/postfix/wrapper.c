/*
 * wrapper: on a host with several mail systems a command is for all of them, unless it names one. Another program, such as
 * postmulti, then calls us for each.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "postfix/control.h"
#include "util/base/arena.h"
#include "util/log/log.h"

enum { WORDS_MAX = 64 };

/* What it needs to find its way. */
static void
set_environment(const struct control *control)
{
	static const char *const names[] = {
		"command_directory", "daemon_directory", "config_directory", "queue_directory", "data_directory", "mail_owner",
		"setgid_group",
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		setenv(names[i], control_setting(control, names[i]), 1);
}

void
control_wrap(const struct control *control, char **command)
{
	struct view wrapper = view_string(control_setting(control, "multi_instance_wrapper")), word;
	struct view others = view_string(control_setting(control, "multi_instance_directories"));
	struct arena arena = ARENA_INIT;
	char *words[WORDS_MAX + 1];
	size_t count = 0;

	if (view_empty(view_trim(wrapper)) || view_empty(view_trim(others)))
		return;
	while (count < WORDS_MAX && view_word(&wrapper, " \t\r\n", &word))
		words[count++] = arena_string(&arena, word);
	for (; count < WORDS_MAX && *command != NULL; command++)
		words[count++] = *command;
	words[count] = NULL;
	set_environment(control);
	execvp(words[0], words);
	log_fatal("multi_instance_wrapper = %s: %s", words[0], strerror(errno));
}
