/*
 * postlog: logs its arguments, or the lines of standard input, as the mail system would, see postlog(1). Set-gid, so
 * that anybody's scripts reach postlogd's socket; it holds that group for nothing else.
 */
#include <stdbool.h>
#include <sysexits.h>
#include <unistd.h>

#include "service/command.h"
#include "util/log/log.h"
#include "util/net/stream.h"

#define LINE_MAX_BYTES	8000

struct options {
	const char *config_directory, *tag;
	enum log_level level;
};

static const struct {
	const char *name;
	enum log_level level;
} priorities[] = {
	{ "info",	LOG_LEVEL_INFO },
	{ "warn",	LOG_LEVEL_WARN },
	{ "warning",	LOG_LEVEL_WARN },
	{ "error",	LOG_LEVEL_ERROR },
	{ "err",	LOG_LEVEL_ERROR },
	{ "fatal",	LOG_LEVEL_FATAL },
	{ "crit",	LOG_LEVEL_FATAL },
	{ "panic",	LOG_LEVEL_PANIC },
};

static enum log_level
priority(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(priorities); i++)
		if (strcmp(priorities[i].name, name) == 0)
			return priorities[i].level;
	log_fatal("unknown priority: %s", name);
}

static void
read_options(struct options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+c:ip:t:v")) != -1) {
		switch (option) {
		case 'c':
			options->config_directory = optarg;
			break;
		case 'i':
			break;		/* the pid is always shown */
		case 'p':
			options->level = priority(optarg);
			break;
		case 't':
			options->tag = optarg;
			break;
		case 'v':
			command_verbose();
			break;
		default:
			log_fatal("usage: postlog [-iv] [-c config_dir] [-p priority] [-t tag] [text ...]");
		}
	}
}

/* Logging a "fatal" of somebody else does not end us: the prefix is part of the text. */
static void
log_text(enum log_level level, const char *text)
{
	switch (level) {
	case LOG_LEVEL_WARN:
		log_warn("%s", text);
		break;
	case LOG_LEVEL_ERROR:
		log_error("%s", text);
		break;
	case LOG_LEVEL_FATAL:
	case LOG_LEVEL_PANIC:
		log_info("%s%s", log_prefix(level), text);
		break;
	default:
		log_info("%s", text);
	}
}

static void
log_arguments(enum log_level level, char **words)
{
	struct buf line = BUF_INIT;

	for (; *words != NULL; words++)
		buf_printf(&line, "%s%s", line.len > 0 ? " " : "", *words);
	log_text(level, buf_c(&line));
	buf_fini(&line);
}

static void
log_input(enum log_level level)
{
	struct stream *in = stream_new_pair(STDIN_FILENO, STDOUT_FILENO);
	struct buf line = BUF_INIT;
	enum stream_result result;

	while ((result = stream_line(in, LINE_MAX_BYTES, &line)) == STREAM_OK || result == STREAM_LONG)
		log_text(level, buf_c(&line));
	if (line.len > 0)
		log_text(level, buf_c(&line));
	buf_fini(&line);
}

int
main(int argc, char **argv)
{
	struct options options = { .level = LOG_LEVEL_INFO };

	command_begin("postlog");
	read_options(&options, argc, argv);
	log_set_fatal_status(EX_NOPERM);
	command_config(options.config_directory);
	if (options.tag != NULL)
		log_retag(options.tag);
	if (optind < argc)
		log_arguments(options.level, argv + optind);
	else
		log_input(options.level);
	return 0;
}
