/*
 * qshape: shows which domains the mail in the queue is for, or from, and how old it is. See qshape(1).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/queue/envelope.h"
#include "global/queue/queue_scan.h"
#include "qshape/shape.h"
#include "service/command.h"
#include "util/base/number.h"
#include "util/log/log.h"

enum { RECIPIENTS_AT_A_TIME = 1000 };

struct options {
	struct shape_settings shape;
	const char *directory;
	bool senders;
	int progress_messages, progress_rows;	/* on terminals */
};

struct survey {
	const struct options *options;
	struct shape *shape;
	time_t now;
	bool terminal;
	int unseen;			/* messages since progress was shown */
};

/* -- one message ------------------------------------------------------------------------------------------------------ */

static void
count_recipients(struct survey *survey, int fd, struct arena *arena, struct queue_envelope *envelope)
{
	struct queue_recipient *recipients;
	enum queue_read result;
	off_t resume = 0;
	size_t count;

	do {
		result = queue_envelope_read(fd, arena, envelope, &recipients, &count, RECIPIENTS_AT_A_TIME, &resume, NULL, NULL);
		for (size_t i = 0; i < count && !survey->options->senders; i++)
			shape_count(survey->shape, recipients[i].address, survey->now - envelope->arrival.tv_sec);
	} while (result == QUEUE_READ_RECORD && resume != 0 && !survey->options->senders);
	if (survey->options->senders && envelope->have_sender && envelope->have_time)
		shape_count(survey->shape, envelope->sender, survey->now - envelope->arrival.tv_sec);
}

static void
show_progress(struct survey *survey)
{
	struct buf text = BUF_INIT;

	if (!survey->terminal || ++survey->unseen < survey->options->progress_messages)
		return;
	survey->unseen = 0;
	buf_puts(&text, "\033[H\033[2J");
	shape_print(survey->shape, (size_t)survey->options->progress_rows, &text);
	fputs(buf_c(&text), stdout);
	fflush(stdout);
	buf_fini(&text);
}

/* Files come and go while we look, and what is not complete is no mail yet. */
static void
count_file(struct survey *survey, const char *path)
{
	struct queue_envelope envelope = { 0 };
	struct arena arena = ARENA_INIT;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd == -1) {
		if (errno != ENOENT)
			log_warn("open %s: %m", path);
		return;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		count_recipients(survey, fd, &arena, &envelope);
	close(fd);
	arena_fini(&arena);
	show_progress(survey);
}

/* -- queues ----------------------------------------------------------------------------------------------------------- */

static void
count_queue(struct survey *survey, const char *name)
{
	struct queue_scan *scan;
	struct view id, path;
	struct stat st;

	if (stat(name, &st) == -1)
		log_fatal("%s: %s", name, strerror(errno));
	if (S_ISREG(st.st_mode)) {
		count_file(survey, name);
		return;
	}
	scan = queue_scan_open(name);
	while (queue_scan_next(scan, &id, &path))
		count_file(survey, path.data);
	queue_scan_close(scan);
}

static void
count_all(struct survey *survey, char **names)
{
	static const char *const usual[] = { QUEUE_INCOMING, QUEUE_ACTIVE };

	if (*names == NULL) {
		for (size_t i = 0; i < ARRAY_COUNT(usual); i++)
			count_queue(survey, usual[i]);
	}
	for (; *names != NULL; names++)
		count_queue(survey, *names);
}

/* -- options ---------------------------------------------------------------------------------------------------------- */

static int
number(int option, int min, int max)
{
	long long n;

	if (!number_parse(optarg, min, max, &n))
		log_fatal("option -%c: bad number: %s", option, optarg);
	return (int)n;
}

static void
set_option(struct options *options, int option)
{
	switch (option) {
	case 'b': options->shape.buckets = number(option, 1, 40); break;
	case 'c': options->directory = optarg; break;
	case 'l': options->shape.linear = true; break;
	case 'm': options->shape.parent_min = number(option, 1, INT32_MAX); break;
	case 'n': options->progress_rows = number(option, 1, INT32_MAX); break;
	case 'N': options->progress_messages = number(option, 1, INT32_MAX); break;
	case 'p': options->shape.parents = true; break;
	case 's': options->senders = true; break;
	case 't': options->shape.first_minutes = number(option, 1, 1000000); break;
	case 'w': options->shape.width = number(option, 1, 10000); break;
	default:
		log_fatal("usage: qshape [-lps] [-b buckets] [-c config_dir] [-m min_subdomains] [-n rows] [-N messages]"
		    " [-t minutes] [-w width] [queue ...]");
	}
}

int
main(int argc, char **argv)
{
	struct options options = {
		.shape = { .buckets = 10, .first_minutes = 5, .parent_min = 5, .width = 80 },
		.progress_messages = 1000, .progress_rows = 10,
	};
	struct survey survey = { .options = &options, .now = clock_wall().tv_sec, .terminal = isatty(STDOUT_FILENO) };
	struct buf text = BUF_INIT;
	int option;

	command_begin("qshape");
	while ((option = getopt(argc, argv, "b:c:lm:n:N:pst:w:")) != -1)
		set_option(&options, option);
	command_enter_queue(command_config(options.directory));
	survey.shape = shape_new(&options.shape);
	count_all(&survey, argv + optind);
	if (survey.terminal)
		fputs("\033[H\033[2J", stdout);
	shape_print(survey.shape, 0, &text);
	fputs(buf_c(&text), stdout);
	shape_free(survey.shape);
	buf_fini(&text);
	return fflush(stdout) == 0 ? 0 : 1;
}
