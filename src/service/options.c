#include "service/context.h"

#include <limits.h>
#include <unistd.h>

#include "util/base/number.h"
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
add_override(struct service_options *options, char *text)
{
	size_t count = options->override_count++;

	options->overrides = mem_resize(options->overrides, (count + 2) * sizeof(char *));
	options->overrides[count] = text;
	options->overrides[count + 1] = NULL;
}

static void
take_option(struct service_options *options, int letter, char *argument)
{
	switch (letter) {
	case 'c':
		options->chroot = true;
		break;
	case 'd':
		options->debug = true;
		break;
	case 'D':
		options->debugger = true;
		break;
	case 'i':
		options->max_idle_sec = time_option(letter, argument);
		break;
	case 'l':
		options->only_process = true;
		break;
	case 'm':
		options->max_use = strcmp(argument, "none") == 0 ? 0 : number_option(letter, argument);
		break;
	case 'n':
		options->name = argument;
		break;
	case 'o':
		add_override(options, argument);
		break;
	case 'r':
		options->lifetime_sec = time_option(letter, argument);
		break;
	case 's':
		options->sockets = number_option(letter, argument);
		break;
	case 'S':
		options->standalone = true;
		break;
	case 't':
		options->type = argument;
		break;
	case 'u':
		options->unprivileged = true;
		break;
	case 'v':
		options->verbose++;
		break;
	case 'V':
		options->to_stderr = true;
		break;
	case 'z':
		options->unlimited = true;
		break;
	default:
		log_fatal("unknown option, or its argument is missing: -%c", optopt);
	}
}

void
service_options_parse(struct service_options *options, int argc, char **argv)
{
	int letter;

	options->type = "unix";
	options->sockets = 1;
	options->max_use = options->max_idle_sec = -1;
	opterr = 0;
	while ((letter = getopt(argc, argv, "+cdDi:lm:n:o:r:s:St:uvVz")) != -1)
		take_option(options, letter, optarg);
	if (options->name == NULL)
		options->name = options->process_name;
	options->arguments = argv + optind;
}
