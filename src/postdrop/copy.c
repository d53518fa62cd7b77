#include "postdrop/copy.h"

#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "global/queue/queue_size.h"
#include "global/queue/submission.h"
#include "util/base/clock.h"
#include "util/log/log.h"

enum { BLOCK_SIZE = 16 * 1024 };

struct copy {
	const struct copy_policy *policy;
	struct queue_writer *writer;
	int fd;
	struct buf input;
	size_t taken;
	enum submission_segment segment;
	bool have_sender;
};

static void __attribute__((noreturn))
refuse(int type, const char *what)
{
	log_set_fatal_status(EX_DATAERR);
	if (type >= 33 && type < 127)
		log_fatal("uid=%ld: record type '%c' %s", (long)getuid(), type, what);
	log_fatal("uid=%ld: record type %d %s", (long)getuid(), type, what);
}

static void
read_more(struct copy *copy)
{
	ssize_t n;

	buf_remove(&copy->input, 0, copy->taken);
	copy->taken = 0;
	while ((n = read(copy->fd, buf_reserve(&copy->input, BLOCK_SIZE), BLOCK_SIZE)) == -1 && errno == EINTR)
		;
	if (n == -1)
		log_fatal("read error on standard input: %m");
	if (n == 0) {
		log_set_fatal_status(EX_DATAERR);
		log_fatal("uid=%ld: unexpected end of input", (long)getuid());
	}
	buf_added(&copy->input, (size_t)n);
}

static void
next_record(struct copy *copy, struct record *record)
{
	for (;;) {
		struct cursor in = cursor_of(view_slice(buf_view(&copy->input), copy->taken, copy->input.len));
		size_t before = cursor_left(&in);

		switch (record_parse(&in, copy->policy->data_max, record)) {
		case 1:
			copy->taken += before - cursor_left(&in);
			return;
		case -1:
			refuse(cursor_peek(&in), "is malformed or too long");
		default:
			read_more(copy);
		}
	}
}

/* -- what is done with each type ----------------------------------------------------------------------------------- */

/* Options come in a size record whose other numbers mean nothing yet. */
static void
put_options(struct copy *copy, struct view data)
{
	struct queue_size size;
	struct buf kept = BUF_INIT;

	if (!queue_size_parse(data, &size))
		refuse(RECORD_SIZE, "is malformed");
	queue_options_put(&kept, size.options & (QUEUE_OPTION_SMTPUTF8_REQUESTED | QUEUE_OPTION_REQUIRETLS));
	queue_writer_put(copy->writer, RECORD_SIZE, buf_view(&kept));
	buf_fini(&kept);
}

static void
put_sender(struct copy *copy, struct view sender)
{
	if (copy->have_sender)
		refuse(RECORD_SENDER, "appears twice");
	copy->have_sender = true;
	copy->policy->check_sender(copy->policy->arg, sender);
	queue_writer_put(copy->writer, RECORD_SENDER, sender);
}

static void
put_attribute(struct copy *copy, const struct record *record)
{
	if (submission_attribute_allowed(record->data))
		queue_writer_put(copy->writer, record->type, record->data);
	else
		log_warn("uid=%ld: ignoring attribute record: %.*s", (long)getuid(), VIEW_ARG(view_slice(record->data, 0, 100)));
}

static void
put_record(struct copy *copy, const struct record *record)
{
	switch (record->type) {
	case RECORD_TIME:		/* ours is written already */
		break;
	case RECORD_SIZE:
		put_options(copy, record->data);
		break;
	case RECORD_SENDER:
		put_sender(copy, record->data);
		break;
	case RECORD_ATTRIBUTE:
		put_attribute(copy, record);
		break;
	default:
		queue_writer_put(copy->writer, record->type, record->data);
	}
}

static void
check(struct copy *copy, const struct record *record)
{
	static const char breaks[] = "\r\n";

	if (!submission_type_allowed(copy->segment, record->type))
		refuse(record->type, "is not allowed here");
	if (copy->segment != SUBMISSION_CONTENT &&
	    (view_find_any(record->data, breaks) >= 0 || view_find(record->data, '\0') >= 0))
		refuse(record->type, "contains null or line break");
	if (record->type == RECORD_CONTENT && !copy->have_sender)
		refuse(record->type, "without sender");
}

void
copy_message(int fd, struct queue_writer *writer, const struct copy_policy *policy)
{
	struct timeval now = queue_writer_time(writer);
	struct copy copy = { .policy = policy, .writer = writer, .fd = fd };
	struct record record;

	queue_writer_printf(writer, RECORD_TIME, "%ld %ld", (long)now.tv_sec, (long)now.tv_usec);
	do {
		next_record(&copy, &record);
		check(&copy, &record);
		put_record(&copy, &record);
		copy.segment = submission_segment_after(copy.segment, record.type);
	} while (copy.segment != SUBMISSION_DONE);
	buf_fini(&copy.input);
}
