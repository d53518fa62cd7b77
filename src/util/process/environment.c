#include "util/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/text/words.h"

#define DEFAULT_PATH	"/usr/bin:/bin:/usr/sbin:/sbin"

void
process_check_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			_exit(71);
}

struct variable {
	struct view name, value;
	bool sets;
};

/* NAME keeps what is there; NAME=value sets, and so does { NAME = value }, where the value may have blanks. */
static bool
next_variable(struct view *list, struct variable *out)
{
	struct view word, inner;

	if (!words_next(list, &word, NULL))
		return false;
	if (word.data[0] == '{' && words_inner(word, &inner, NULL))
		word = inner;
	out->name = word;
	out->sets = view_split(word, '=', &out->name, &out->value);
	out->name = view_trim(out->name);
	out->value = out->sets ? view_trim(out->value) : VIEW_EMPTY;
	return true;
}

static void
force(const struct variable *variable)
{
	struct buf name = BUF_INIT, value = BUF_INIT;

	buf_putv(&name, variable->name);
	buf_putv(&value, variable->value);
	if (variable->sets)
		setenv(buf_c(&name), buf_c(&value), 1);
	buf_fini(&name);
	buf_fini(&value);
}

static bool
listed(struct view list, struct view name)
{
	struct variable variable;

	while (next_variable(&list, &variable))
		if (view_equal(variable.name, name))
			return true;
	return false;
}

/* Once each: who finds a name twice may not know which one counts. */
static bool
kept(struct view list, char *const *before, char *const *end, struct view entry)
{
	struct view name, value;

	if (!view_split(entry, '=', &name, &value) || !listed(list, name))
		return false;
	for (; before < end; before++)
		if (view_starts(view_string(*before), view_slice(entry, 0, name.len + 1)))
			return false;
	return true;
}

/*
 * In place, for who starts a program may have put anything there: thousands of words, names that no call to remove one
 * would take, and words that name nothing.
 */
void
process_clean_environment(const char *import_list)
{
	extern char **environ;
	struct view list = view_string(import_list);
	struct variable variable;
	char **to = environ;

	for (char **at = environ; at != NULL && *at != NULL; at++)
		if (kept(list, environ, to, view_string(*at)))
			*to++ = *at;
	if (to != NULL)
		*to = NULL;
	while (next_variable(&list, &variable))
		force(&variable);
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
	struct view list = view_string(export_list);
	struct variable variable;

	*environment = (struct process_environment){ .arena = arena };
	process_environment_put(environment, "PATH", VIEW(DEFAULT_PATH));
	while (next_variable(&list, &variable)) {
		const char *name = arena_string(arena, variable.name), *ours = getenv(name);

		if (variable.sets)
			process_environment_put(environment, name, variable.value);
		else if (ours != NULL)
			process_environment_put(environment, name, view_string(ours));
	}
}
