#include "util/process/nss.h"

#include <dlfcn.h>
#include <errno.h>

#include "util/file/file.h"
#include "util/text/chars.h"

enum { CONF_SIZE_MAX = 64 * 1024, NAME_MAX_BYTES = 64, FILE_SIZE_MAX = 256 * 1024 * 1024 };

static bool
is_service_name(struct view word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!char_is(word.data[i], CHAR_NAME) && word.data[i] != '-')
			return false;
	return word.len > 0 && word.len <= NAME_MAX_BYTES;
}

static void
put_services(struct view list, struct buf *out)
{
	struct view word;
	bool reaction = false;

	while (view_word(&list, " \t\r", &word)) {
		bool begins = word.data[0] == '[';

		if (!reaction && !begins && is_service_name(word)) {
			buf_puts(out, out->len > 0 ? " " : "");
			buf_putv(out, word);
		}
		reaction = (reaction || begins) && view_find(word, ']') == -1;
	}
}

void
nss_services(struct view text, const char *database, struct buf *out)
{
	struct view line, name, list;

	while (view_word(&text, "\n", &line)) {
		view_split(line, '#', &line, &list);
		if (view_split(line, ':', &name, &list) && view_is(view_trim(name), database))
			put_services(list, out);
	}
}

/* Never closed: the C library finds it by its name when it needs it. */
static void
load_library(struct view service)
{
	struct buf name = BUF_INIT;

	buf_printf(&name, "libnss_%.*s.so.2", VIEW_ARG(service));
	dlopen(buf_c(&name), RTLD_NOW);
	buf_fini(&name);
}

void
nss_load(const char *database)
{
	struct buf text = BUF_INIT, services = BUF_INIT;
	struct view rest, word;

	if (file_read_all("/etc/nsswitch.conf", CONF_SIZE_MAX, &text, NULL))
		nss_services(buf_view(&text), database, &services);
	rest = buf_view(&services);
	while (view_word(&rest, " ", &word))
		if (!view_is(word, "files") && !view_is(word, "dns"))	/* within the C library itself */
			load_library(word);
	buf_fini(&services);
	buf_fini(&text);
}

/* -- doubts -------------------------------------------------------------------------------------------------------- */

static bool
has_name(struct view lines, struct view name)
{
	struct view line, first, rest;

	while (view_split(lines, '\n', &line, &lines))
		if (view_split(line, ':', &first, &rest) && view_equal(first, name))
			return true;
	return view_split(lines, ':', &first, &rest) && view_equal(first, name);
}

/* Who may not see the file (in a jail, or a sandbox) never could. */
static int
read_error(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == EPERM || error == ENOSYS ? 0 : error;
}

int
nss_doubt(const char *path, const char *name)
{
	struct buf text = BUF_INIT;
	int error = 0;

	if (!file_read_all(path, FILE_SIZE_MAX, &text, NULL))
		error = read_error(errno);
	else if (has_name(buf_view(&text), view_string(name)))
		error = EAGAIN;
	buf_fini(&text);
	return error;
}
