#include "master/options.h"

#include <limits.h>
#include <unistd.h>

#include "util/base/number.h"
#include "util/base/option.h"
#include "util/log/log.h"

static void
take_exit_time(void *out, int letter, const char *value)
{
	struct master_options *options = out;
	long long n;

	if (!number_parse(value, 1, INT_MAX / 1000, &n))
		log_fatal("-e %s: not a number of seconds", value);
	options->exit_after_sec = (int)n;
}

static const struct option_row rows[] = {
	OPTION_TEXT('c', struct master_options, config_directory),
	OPTION_FLAG('D', struct master_options, debugger),
	OPTION_FLAG('d', struct master_options, debug),
	OPTION_CALL('e', take_exit_time),
	OPTION_FLAG('i', struct master_options, init),
	OPTION_FLAG('s', struct master_options, foreground),
	OPTION_FLAG('t', struct master_options, only_test),
	OPTION_COUNT('v', struct master_options, verbose),
	OPTION_FLAG('w', struct master_options, wait),
	OPTION_END
};

static void
check(const struct master_options *options)
{
	if (options->init && (options->debug || options->wait))
		log_fatal("-i cannot go with -d or -w");
	if (options->init && getpid() != 1)
		log_fatal("-i is for process 1 only");
	if (options->wait && (options->debug || options->foreground))
		log_fatal("-w cannot go with -d or -s");
}

void
options_read(struct master_options *options, int argc, char **argv)
{
	if (!options_parse(argc, argv, "c:Dde:istvw", rows, options) || optind < argc)
		log_fatal("usage: %s [-Ddistvw] [-c config_dir] [-e exit_time]", argv[0]);
	check(options);
}
