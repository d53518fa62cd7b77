#include "global/config/compute.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include <config.h>	/* the build's own, not that of this folder */
#include "global/config/internal.h"
#include "global/config/own_networks.h"
#include "util/file/file.h"

enum { NAME_FILE_MAX = 4096 };

static bool
host_name(struct config *config, struct buf *out, struct buf *why)
{
	char name[HOST_NAME_MAX + 1] = "localhost";

	gethostname(name, sizeof(name) - 1);
	buf_puts(out, name[0] != '\0' ? name : "localhost");
	if (strchr(name, '.') != NULL)
		return true;
	buf_putc(out, '.');
	if (config_setting(config, VIEW("mydomain")) != NULL)
		return config_value(config, VIEW("mydomain"), out, why);
	buf_puts(out, "localdomain");
	return true;
}

/* $myhostname without its first label, unless nothing or only a number would be left */
static bool
domain_name(struct config *config, struct buf *out, struct buf *why)
{
	struct buf host = BUF_INIT;
	struct view first, rest;
	bool done = config_value(config, VIEW("myhostname"), &host, why);

	if (done) {
		if (view_split(buf_view(&host), '.', &first, &rest) && !view_empty(rest))
			buf_putv(out, rest);
		else
			buf_puts(out, "localdomain");
	}
	buf_fini(&host);
	return done;
}

static bool
directory_name(struct config *config, struct buf *out, struct buf *why)
{
	buf_puts(out, config_directory(config));
	return true;
}

static bool
process_id(struct config *config, struct buf *out, struct buf *why)
{
	buf_putu(out, (unsigned long long)getpid());
	return true;
}

static bool
process_name(struct config *config, struct buf *out, struct buf *why)
{
	buf_puts(out, config->process_name != NULL ? config->process_name : program_invocation_short_name);
	return true;
}

static bool
service_name(struct config *config, struct buf *out, struct buf *why)
{
	buf_puts(out, config->service_name != NULL ? config->service_name : "");
	return true;
}

static const struct {
	const char *name;
	bool (*compute)(struct config *config, struct buf *out, struct buf *why);
} computed[] = {
	{ "config_directory", directory_name },
	{ "mydomain", domain_name },
	{ "myhostname", host_name },
	{ "mynetworks", own_networks_put },
	{ "process_id", process_id },
	{ "process_name", process_name },
	{ "service_name", service_name },
};

bool
compute_default(struct config *config, const char *name, struct buf *out, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_COUNT(computed); i++)
		if (strcmp(computed[i].name, name) == 0)
			return computed[i].compute(config, out, why);
	return true;
}

bool
compute_file_value(struct view name, struct buf *value, struct buf *why)
{
	struct buf text = BUF_INIT;
	struct view line, rest;

	if (!view_is(name, "myorigin") || buf_c(value)[0] != '/')
		return true;
	if (!file_read_all(buf_c(value), NAME_FILE_MAX, &text, why)) {
		buf_fini(&text);
		return false;
	}
	if (!view_split(buf_view(&text), '\n', &line, &rest))
		line = buf_view(&text);
	buf_set(value, view_trim(line));
	buf_fini(&text);
	return true;
}
