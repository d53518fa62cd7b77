#include "util/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

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
	setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin", 1);
}
