/*
 * postcat: shows what is in a queue file: envelope, header and body, each on its own if wanted.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "global/message/header.h"
#include "global/queue/queue_reader.h"
#include "global/queue/queue_size.h"
#include "service/command.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { SHOW_ENVELOPE = 1, SHOW_HEADER = 2, SHOW_BODY = 4, SHOW_ALL = 7 };

struct options {
	const char *directory;
	unsigned what;
	bool decimal, file_name, offset, by_id, raw, verbose;
	off_t start;
};

enum part { PART_ENVELOPE, PART_HEADER, PART_BODY, PART_EXTRACTED, PART_END };

struct show {
	const struct options *options;
	const char *name;
	enum part part;
	bool in_line;		/* the last record was a piece of a line: no prefix before the next */
	bool only_mark;		/* an empty line: not shown before the body alone */
};

/* -- names --------------------------------------------------------------------------------------------------------- */

static const char *const names[256] = {
	[RECORD_SIZE] = "message_size", [RECORD_TIME] = "message_arrival_time", [RECORD_CREATE_TIME] = "create_time",
	[RECORD_FULL_NAME] = "sender_fullname", [RECORD_INSPECT] = "content_inspector", [RECORD_FILTER] = "content_filter",
	[RECORD_SENDER] = "sender", [RECORD_DONE] = "done_recipient", [RECORD_RECIPIENT] = "recipient",
	[RECORD_ORIGINAL] = "original_recipient", [RECORD_CANCELLED] = "canceled_recipient",
	[RECORD_WARN_TIME] = "warning_message_time", [RECORD_ATTRIBUTE] = "named_attribute",
	[RECORD_KILLED] = "killed_record", [RECORD_REDIRECT] = "redirect_to", [RECORD_LINE] = "regular_text",
	[RECORD_PADDING] = "padding", [RECORD_RETURN_RECEIPT] = "return_receipt", [RECORD_ERRORS_TO] = "errors_to",
	[RECORD_PRIORITY] = "priority", [RECORD_POINTER] = "pointer_record", [RECORD_VERP] = "verp_delimiters",
};

/* -- output -------------------------------------------------------------------------------------------------------- */

static void
write_view(struct view text)
{
	if (text.len > 0)
		fwrite(text.data, 1, text.len, stdout);
}

static void
prefix(const struct show *show, int type, off_t at)
{
	if (show->options->file_name)
		printf("%s: ", show->name);
	if (show->options->offset)
		printf("%9lld ", (long long)at);
	if (show->options->decimal)
		printf("%3d ", type);
}

static void
show_marker(const struct show *show, const char *text)
{
	if ((show->options->what & SHOW_ENVELOPE) != 0)
		printf("*** %s %s ***\n", text, show->name);
}

static void
marker_prefix(const struct show *show, const struct record *record, off_t at)
{
	if ((show->options->what & SHOW_ENVELOPE) != 0)
		prefix(show, record->type, at);
}

/* "Sat Nov 21 15:18:00 2026", in local time and without locale */
static void
show_time(struct view seconds)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct cursor in = cursor_of(seconds);
	long long number;
	struct tm tm;
	time_t when;

	if (!queue_number(&in, &number) || (when = (time_t)number, localtime_r(&when, &tm)) == NULL) {
		write_view(seconds);
		return;
	}
	printf("%.3s %.3s %2d %02d:%02d:%02d %d", days + 3 * tm.tm_wday, months + 3 * tm.tm_mon, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
}

/* create_time is a record of its own that is written as an attribute. */
static const struct record *
as_named(const struct record *record, struct record *named)
{
	struct view name, value;

	if (record->type != RECORD_ATTRIBUTE || !record_attribute(record->data, &name, &value) || !view_is(name, "create_time"))
		return record;
	*named = (struct record){ RECORD_CREATE_TIME, value };
	return named;
}

static void
show_envelope_record(struct show *show, const struct record *record, off_t at)
{
	struct record named;

	if ((show->options->what & SHOW_ENVELOPE) == 0)
		return;
	prefix(show, record->type, at);
	record = as_named(record, &named);
	if (names[record->type] != NULL)
		printf("%s: ", names[record->type]);
	else
		printf("record type %d: ", record->type);
	if (record->type == RECORD_TIME || record->type == RECORD_WARN_TIME || record->type == RECORD_CREATE_TIME)
		show_time(record->data);
	else
		write_view(record->data);
	putchar('\n');
}

static bool
wanted(const struct show *show)
{
	return (show->options->what & (show->part == PART_HEADER ? SHOW_HEADER : SHOW_BODY)) != 0;
}

/* The header ends at an empty line, or where a line cannot be header. */
static void
leave_header(struct show *show, const struct record *record)
{
	if (show->part != PART_HEADER || show->in_line)
		return;
	if (view_empty(record->data)) {
		show->part = PART_BODY;
		show->only_mark = (show->options->what & SHOW_HEADER) == 0;
	} else if (!char_is(record->data.data[0], CHAR_BLANK) && header_name_length(record->data) == 0) {
		show->part = PART_BODY;
	}
}

static void
show_content_record(struct show *show, const struct record *record, off_t at)
{
	leave_header(show, record);
	if (wanted(show) && !show->only_mark) {
		if (!show->in_line)
			prefix(show, record->type, at);
		if (!show->in_line && show->options->verbose)
			printf("%s: ", names[RECORD_LINE]);
		write_view(record->data);
		if (record->type == RECORD_LINE)
			putchar('\n');
	}
	show->only_mark = false;
	show->in_line = record->type == RECORD_LONG;
}

/* -- one file ------------------------------------------------------------------------------------------------------ */

/* What only holds a file together. */
static bool
is_filling(const struct record *record)
{
	return record->type == RECORD_POINTER || record->type == RECORD_PADDING;
}

static void
show_record(struct show *show, const struct record *record, off_t at)
{
	bool content = show->part == PART_HEADER || show->part == PART_BODY;

	if (record->type == RECORD_CONTENT && !content) {
		marker_prefix(show, record, at);
		show_marker(show, "MESSAGE CONTENTS");
		show->part = PART_HEADER;
	} else if (record->type == RECORD_EXTRACTED && content) {
		marker_prefix(show, record, at);
		show_marker(show, "HEADER EXTRACTED");
		show->part = PART_EXTRACTED;
	} else if (record->type == RECORD_END && !content) {
		marker_prefix(show, record, at);
		show_marker(show, "MESSAGE FILE END");
		show->part = PART_END;
	} else if (content && (record->type == RECORD_LINE || record->type == RECORD_LONG)) {
		show_content_record(show, record, at);
	} else if (!is_filling(record) || show->options->verbose) {
		show_envelope_record(show, record, at);
	}
}

static bool
show_file(int fd, const char *name, const struct options *options)
{
	struct queue_reader *reader = queue_reader_new(fd);
	struct show show = { .options = options, .name = name };
	struct buf why = BUF_INIT;
	struct record record;
	enum queue_read result;
	off_t at;

	queue_reader_follow(reader, !options->raw);
	queue_reader_seek(reader, options->start);
	if (options->file_name && (options->what & SHOW_ENVELOPE) != 0)
		printf("%s: ", name);
	show_marker(&show, "ENVELOPE RECORDS");
	while ((result = queue_reader_next(reader, &record, &at, &why)) == QUEUE_READ_RECORD) {
		show_record(&show, &record, at);
		if (show.part == PART_END && !options->raw)
			break;
	}
	if (show.part != PART_END)	/* also what is still being written */
		log_warn("%s: unfinished or damaged: %s", name, why.len > 0 ? buf_c(&why) : "no end record");
	queue_reader_free(reader);
	buf_fini(&why);
	return show.part == PART_END;
}

/* -- finding it ---------------------------------------------------------------------------------------------------- */

static int
find_by_id(const struct queue_layout *layout, const char *id, struct buf *path)
{
	static const char *const queues[] = {
		QUEUE_MAILDROP, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED, QUEUE_HOLD, QUEUE_CORRUPT, "saved",
	};
	int fd;

	if (!queue_id_valid(view_string(id)))
		log_fatal("bad mail queue ID: %s", id);
	for (int round = 0; round < 3; round++)		/* it may wander while we look */
		for (size_t i = 0; i < ARRAY_COUNT(queues); i++) {
			queue_path(path, layout, queues[i], view_string(id));
			if ((fd = open(buf_c(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) != -1)
				return fd;
			if (errno != ENOENT)
				log_fatal("open %s: %m", buf_c(path));
		}
	log_fatal("open queue file %s: %s", id, strerror(ENOENT));
}

static bool
show_argument(const struct queue_layout *layout, const char *name, const struct options *options)
{
	struct buf path = BUF_INIT;
	bool good;
	int fd;

	if (options->by_id) {
		fd = find_by_id(layout, name, &path);
	} else {
		buf_puts(&path, name);
		if ((fd = open(name, O_RDONLY | O_CLOEXEC)) == -1)
			log_fatal("open %s: %m", name);
	}
	good = show_file(fd, buf_c(&path), options);
	close(fd);
	buf_fini(&path);
	return good;
}

/* The reader goes back and forth: what comes through a pipe is kept first. */
static int
seekable_input(void)
{
	struct buf block = BUF_INIT;
	int fd;

	if (lseek(STDIN_FILENO, 0, SEEK_CUR) != -1)
		return STDIN_FILENO;
	if ((fd = memfd_create("postcat", MFD_CLOEXEC)) == -1)
		log_fatal("memfd_create: %m");
	for (ssize_t n = 1; n != 0; buf_reset(&block)) {
		if ((n = read(STDIN_FILENO, buf_reserve(&block, 65536), 65536)) == -1)
			log_fatal("read standard input: %m");
		buf_added(&block, (size_t)n);
		if (!file_write_all(fd, buf_view(&block), NULL))
			log_fatal("keep standard input: %m");
	}
	buf_fini(&block);
	return fd;
}

static void __attribute__((noreturn))
usage(void)
{
	log_fatal("usage: postcat [-b (body text)] [-c config_dir] [-d (decimal record type)] [-e (envelope records)] "
	    "[-f (prepend file name)] [-h (header text)] [-o (offset)] [-q (access queue)] [-r (file order)] [-s offset] [-v] "
	    "[file(s)...]");
}

static off_t
parse_offset(const char *text)
{
	unsigned long long number;

	if (!view_number(view_string(text), &number) || number > INT64_MAX)
		log_fatal("bad offset: %s", text);
	return (off_t)number;
}

static void
parse_options(int argc, char **argv, struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "bc:defhoqrs:v")) != -1) {
		switch (option) {
		case 'b': options->what |= SHOW_BODY; break;
		case 'c': options->directory = optarg; break;
		case 'd': options->decimal = true; break;
		case 'e': options->what |= SHOW_ENVELOPE; break;
		case 'f': options->file_name = true; break;
		case 'h': options->what |= SHOW_HEADER; break;
		case 'o': options->offset = true; break;
		case 'q': options->by_id = true; break;
		case 'r': options->raw = true; break;
		case 's': options->start = parse_offset(optarg); break;
		case 'v': options->verbose = true; command_verbose(); break;
		default: usage();
		}
	}
	if (options->what == 0)
		options->what = SHOW_ALL;
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct queue_layout layout;
	struct config *config;
	bool good = true;

	command_begin("postcat");
	parse_options(argc, argv, &options);
	config = command_config(options.directory);
	command_bind(config, queue_layout_bindings, &layout);
	if (options.by_id)
		command_enter_queue(config);
	if (optind == argc)
		good = show_file(seekable_input(), "stdin", &options);
	for (; optind < argc; optind++)
		good &= show_argument(&layout, argv[optind], &options);
	config_free(config);
	return fflush(stdout) == 0 && good ? 0 : 1;
}
