#include "util/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_PATH	"/usr/bin:/bin:/usr/sbin:/sbin"

void
process_check_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			_exit(71);
}

/* A word of the form NAME=value sets; a bare NAME only keeps what is there. */
static void
force(struct view word)
{
	struct view name, value;
	struct buf text = BUF_INIT, set = BUF_INIT;

	if (view_split(word, '=', &name, &value)) {
		buf_putv(&text, view_trim(name));
		buf_putv(&set, view_trim(value));
		setenv(buf_c(&text), buf_c(&set), 1);
	}
	buf_fini(&text);
	buf_fini(&set);
}

static bool
listed(struct view list, struct view name)
{
	struct view word, key, value;

	while (view_word(&list, ", \t\r\n{}", &word)) {
		key = view_split(word, '=', &key, &value) ? key : word;
		if (view_equal(key, name))
			return true;
	}
	return false;
}

void
process_clean_environment(const char *import_list)
{
	extern char **environ;
	struct view list = view_string(import_list), word, name, value;

	for (char **at = environ; at != NULL && *at != NULL;) {
		if (view_split(view_string(*at), '=', &name, &value) && !listed(list, name)) {
			char *copy = mem_dup(name.data, name.len + 1);

			copy[name.len] = '\0';
			unsetenv(copy);
			mem_free(copy);
			at = environ;	/* the array moved */
		} else {
			at++;
		}
	}
	while (view_word(&list, ", \t\r\n{}", &word))
		force(word);
	setenv("PATH", DEFAULT_PATH, 1);
}

/* -- for programs of others -------------------------------------------------------------------------------------- */

void
process_environment_put(struct process_environment *environment, const char *name, struct view value)
{
	if (environment->count + 1 >= environment->room) {
		size_t room = environment->room > 0 ? 2 * environment->room : 32;
		char **list = arena_alloc_array(environment->arena, room, sizeof(*list));

		if (environment->count > 0)
			memcpy(list, environment->list, environment->count * sizeof(*list));
		environment->list = list;
		environment->room = room;
	}
	environment->list[environment->count++] =
	    arena_string(environment->arena, arena_printf(environment->arena, "%s=%.*s", name, VIEW_ARG(value)));
}

void
process_environment_init(struct process_environment *environment, struct arena *arena, const char *export_list)
{
	struct view list = view_string(export_list), word, name, value;

	*environment = (struct process_environment){ .arena = arena };
	process_environment_put(environment, "PATH", VIEW(DEFAULT_PATH));
	while (view_word(&list, ", \t\r\n{}", &word)) {
		bool sets = view_split(word, '=', &name, &value);
		const char *key = arena_string(arena, sets ? view_trim(name) : word), *ours = getenv(key);

		if (sets)
			process_environment_put(environment, key, view_trim(value));
		else if (ours != NULL)
			process_environment_put(environment, key, view_string(ours));
	}
}
