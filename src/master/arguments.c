#include "master/arguments.h"

#define MAX_OPTIONS	32

struct words {
	char **list;
	size_t count;
};

static void
add(struct words *words, const char *word)
{
	words->list[words->count++] = mem_string(word);
}

static void
add_with(struct words *words, const char *option, const char *value)
{
	add(words, option);
	add(words, value);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void
add_flags(struct words *words, const struct service_entry *service)
{
	const struct master_options *options = &service->master->options;

	if (options->debug)
		add(words, "-d");
	for (int i = 0; i < options->verbose && i < MAX_OPTIONS / 2; i++)
		add(words, "-v");
	if (service->unprivileged)
		add(words, "-u");
	if (service->chroot)
		add(words, "-c");
	if (service_entry_adapts(service))
		add_with(words, "-o", service_entry_stressed(service) ? "stress=yes" : "stress=");
	if (service_entry_eased(service))
		add_with(words, "-o", "sandbox=yes");
}

static void
add_sockets(struct words *words, const struct service_entry *service)
{
	struct buf count = BUF_INIT;

	if (service->listener_count < 2)
		return;
	buf_putu(&count, service->listener_count);
	add_with(words, "-s", buf_c(&count));
	buf_fini(&count);
}

static size_t
count_words(char *const *list)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	return n;
}

char **
arguments_make(const struct service_entry *service)
{
	struct words words = { mem_new_array(MAX_OPTIONS + count_words(service->arguments) + 1, sizeof(char *)), 0 };

	add(&words, base_name(service->program));
	if (service->limit == 1)
		add(&words, "-l");
	if (service->limit == 0)
		add(&words, "-z");
	if (strcmp(service->name, base_name(service->program)) != 0)
		add_with(&words, "-n", service->name);
	add_with(&words, "-t", master_type_name(service->type));
	add_flags(&words, service);
	add_sockets(&words, service);
	for (char *const *arg = service->arguments; *arg != NULL; arg++)
		add(&words, *arg);
	return words.list;
}
