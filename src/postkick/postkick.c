/*
 * postkick: sends request bytes to a service, see postkick(1).
 */
#include <unistd.h>

#include "global/client/qmgr.h"
#include "service/command.h"
#include "util/log/log.h"

static void __attribute__((noreturn))
usage(void)
{
	log_fatal("usage: postkick [-c config_dir] [-v] class service request");
}

static const char *
read_options(int argc, char **argv)
{
	const char *directory = NULL;
	int option;

	while ((option = getopt(argc, argv, "+c:v")) != -1) {
		switch (option) {
		case 'c':
			directory = optarg;
			break;
		case 'v':
			command_verbose();
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 3)
		usage();
	return directory;
}

static void
kick(const char *directory, const char *service, const char *requests, int timeout_sec)
{
	struct buf path = BUF_INIT, why = BUF_INIT;

	buf_printf(&path, "%s/%s", directory, service);
	if (!trigger_send(buf_c(&path), view_string(requests), (msec_t)timeout_sec * 1000, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&path);
}

int
main(int argc, char **argv)
{
	struct buf why = BUF_INIT;
	const char *directory;
	struct config *config;
	int timeout_sec;

	command_begin("postkick");
	directory = read_options(argc, argv);
	config = command_config(directory);
	if (!config_time(config, "trigger_timeout", &timeout_sec, &why))
		log_fatal("%s", buf_c(&why));
	command_enter_queue(config);
	kick(argv[optind], argv[optind + 1], argv[optind + 2], timeout_sec);
	return 0;
}
