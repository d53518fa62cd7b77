#include "master/options.h"

#include <limits.h>
#include <unistd.h>

#include "util/base/number.h"
#include "util/log/log.h"

static int
seconds(const char *text)
{
	long long n;

	if (!number_parse(text, 1, INT_MAX / 1000, &n))
		log_fatal("-e %s: not a number of seconds", text);
	return (int)n;
}

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
	int option;

	while ((option = getopt(argc, argv, "c:Dde:istvw")) != -1) {
		switch (option) {
		case 'c':
			options->config_directory = optarg;
			break;
		case 'D':
			options->debugger = true;
			break;
		case 'd':
			options->debug = true;
			break;
		case 'e':
			options->exit_after_sec = seconds(optarg);
			break;
		case 'i':
			options->init = true;
			break;
		case 's':
			options->foreground = true;
			break;
		case 't':
			options->only_test = true;
			break;
		case 'v':
			options->verbose++;
			break;
		case 'w':
			options->wait = true;
			break;
		default:
			log_fatal("usage: %s [-Ddistvw] [-c config_dir] [-e exit_time]", argv[0]);
		}
	}
	if (optind < argc)
		log_fatal("usage: %s [-Ddistvw] [-c config_dir] [-e exit_time]", argv[0]);
	check(options);
}
