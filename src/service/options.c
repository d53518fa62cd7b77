#include "service/context.h"

#include <limits.h>
#include <unistd.h>

#include "util/base/number.h"
#include "util/base/option.h"
#include "util/log/log.h"

static int
number_option(int letter, const char *text)
{
	long long n;

	if (!number_parse(text, 1, INT_MAX, &n))
		log_fatal("invalid -%c argument: %s", letter, text);
	return (int)n;
}

/* A time, or "none": 0. */
static int
time_option(int letter, const char *text)
{
	long long seconds;

	if (strcmp(text, "none") == 0)
		return 0;
	if (!config_parse_time(text, 's', &seconds) || seconds < 1 || seconds > INT_MAX)
		log_fatal("invalid -%c argument: %s", letter, text);
	return (int)seconds;
}

static void
take_max_idle(void *out, int letter, const char *value)
{
	struct service_options *options = out;

	options->max_idle_sec = time_option(letter, value);
}

static void
take_max_use(void *out, int letter, const char *value)
{
	struct service_options *options = out;

	options->max_use = strcmp(value, "none") == 0 ? 0 : number_option(letter, value);
}

static void
take_lifetime(void *out, int letter, const char *value)
{
	struct service_options *options = out;

	options->lifetime_sec = time_option(letter, value);
}

static void
take_sockets(void *out, int letter, const char *value)
{
	struct service_options *options = out;

	options->sockets = number_option(letter, value);
}

static void
take_override(void *out, int letter, const char *value)
{
	struct service_options *options = out;
	size_t count = options->override_count++;

	options->overrides = mem_resize(options->overrides, (count + 2) * sizeof(char *));
	options->overrides[count] = value;
	options->overrides[count + 1] = NULL;
}

static const struct option_row rows[] = {
	OPTION_FLAG('c', struct service_options, chroot),
	OPTION_FLAG('d', struct service_options, debug),
	OPTION_FLAG('D', struct service_options, debugger),
	OPTION_CALL('i', take_max_idle),
	OPTION_FLAG('l', struct service_options, only_process),
	OPTION_CALL('m', take_max_use),
	OPTION_TEXT('n', struct service_options, name),
	OPTION_CALL('o', take_override),
	OPTION_CALL('r', take_lifetime),
	OPTION_CALL('s', take_sockets),
	OPTION_FLAG('S', struct service_options, standalone),
	OPTION_TEXT('t', struct service_options, type),
	OPTION_FLAG('u', struct service_options, unprivileged),
	OPTION_COUNT('v', struct service_options, verbose),
	OPTION_FLAG('V', struct service_options, to_stderr),
	OPTION_FLAG('z', struct service_options, unlimited),
	OPTION_END
};

void
service_options_parse(struct service_options *options, int argc, char **argv)
{
	options->type = "unix";
	options->sockets = 1;
	options->max_use = options->max_idle_sec = -1;
	opterr = 0;
	if (!options_parse(argc, argv, "+cdDi:lm:n:o:r:s:St:uvVz", rows, options))
		log_fatal("unknown option, or its argument is missing: -%c", optopt);
	if (options->name == NULL)
		options->name = options->process_name;
	options->arguments = argv + optind;
}
