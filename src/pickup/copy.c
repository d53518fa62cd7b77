/*
 * One message from maildrop to cleanup. Mail of users passes the same tables as in postdrop; requeued mail may hold all
 * that cleanup writes, of which cleanup gets what it shall not make anew.
 */
#include <time.h>

#include "global/maillog/maillog.h"
#include "global/message/date.h"
#include "global/queue/queue_size.h"
#include "global/queue/submission.h"
#include "pickup/pickup.h"
#include "util/log/log.h"

enum { FOR_RECIPIENT_MAX_BYTES = 64 * 1024 };

struct copy {
	const struct drop *drop;
	const struct pickup_config *config;
	struct cleanup_client *cleanup;
	struct queue_reader *reader;
	enum submission_segment segment;
	struct buf recipient;		/* records that belong to the next recipient */
	struct buf sender;
	bool have_sender, have_context, have_time, first_line_seen;
	size_t recipients;
	struct buf *why;
};

static const char requeue_envelope[] = "MCTcFILSDRO/WVA>K<ion";
static const char requeue_content[] = "XLNw";
static const char requeue_extracted[] = "EDRO/PreAFIL>Kon";

static bool
type_allowed(const struct copy *copy, int type)
{
	static const char *const requeue[] = { requeue_envelope, requeue_content, requeue_extracted };

	if (!copy->drop->requeued)
		return submission_type_allowed(copy->segment, type);
	return type > 0 && type < 128 && strchr(requeue[copy->segment], type) != NULL;
}

static bool
reject(struct copy *copy, const char *what)
{
	why_set(copy->why, "%s", what);
	return false;
}

static void
put(struct copy *copy, const struct record *record)
{
	cleanup_put(copy->cleanup, record->type, record->data);
}

/* -- envelope and extracted segment -------------------------------------------------------------------------------- */

static bool
copy_options(struct copy *copy, struct view data)
{
	const long long derived = QUEUE_OPTION_SMTPUTF8_HEADER | QUEUE_OPTION_SMTPUTF8_SENDER |
	    QUEUE_OPTION_SMTPUTF8_RECIPIENT | QUEUE_OPTION_TLS_NOT_REQUIRED;
	struct queue_size size;
	struct buf kept = BUF_INIT;

	if (!queue_size_parse(data, &size))
		return reject(copy, "malformed size record");
	size.options &= copy->drop->requeued ? ~derived : QUEUE_OPTION_SMTPUTF8_REQUESTED | QUEUE_OPTION_REQUIRETLS;
	if (size.options != 0) {
		queue_options_put(&kept, size.options);
		cleanup_put(copy->cleanup, RECORD_SIZE, buf_view(&kept));
	}
	buf_fini(&kept);
	return true;
}

static bool
is_per_recipient(struct view attribute)
{
	return view_starts(attribute, VIEW("notify_flags=")) || view_starts(attribute, VIEW("dsn_orig_rcpt="));
}

/* Behind the content only what belongs to recipients, and the time of birth. */
static bool
attribute_allowed(const struct copy *copy, struct view attribute)
{
	if (!copy->drop->requeued && !submission_attribute_allowed(attribute))
		return false;
	return copy->segment != SUBMISSION_EXTRACTED || submission_attribute_is_dsn(attribute) ||
	    view_starts(attribute, VIEW("create_time="));
}

/* What waits for the next recipient waits in memory. */
static bool
keep_for_recipient(struct copy *copy, const struct record *record)
{
	if (copy->recipient.len + record->data.len > FOR_RECIPIENT_MAX_BYTES)
		return reject(copy, "too many attributes of one recipient");
	record_put(&copy->recipient, record->type, record->data);
	return true;
}

static bool
copy_attribute(struct copy *copy, const struct record *record)
{
	if (!attribute_allowed(copy, record->data))
		return true;
	if (is_per_recipient(record->data))
		return keep_for_recipient(copy, record);
	if (view_starts(record->data, VIEW("rewrite_context=")))
		copy->have_context = true;
	put(copy, record);
	return true;
}

static void
put_recipient(struct copy *copy, const struct record *record)
{
	struct cursor in = cursor_of(buf_view(&copy->recipient));
	struct record each;

	while (copy->recipient.len > 0 && record_parse(&in, 0, &each) == 1)
		put(copy, &each);
	put(copy, record);
	buf_reset(&copy->recipient);
	copy->recipients++;
}

static bool
copy_sender(struct copy *copy, const struct record *record)
{
	if (copy->have_sender)
		return reject(copy, "more than one sender record");
	copy->have_sender = true;
	buf_set(&copy->sender, record->data);
	put(copy, record);
	return true;
}

/* False: the file is corrupt. Types without a case are known and not handed on: cleanup makes them anew. */
static bool
copy_envelope_record(struct copy *copy, const struct record *record)
{
	switch (record->type) {
	case RECORD_SIZE:
		return copy_options(copy, record->data);
	case RECORD_SENDER:
		return copy_sender(copy, record);
	case RECORD_TIME:
		copy->have_time = true;
		put(copy, record);
		return true;
	case RECORD_FULL_NAME:
	case RECORD_VERP:
		put(copy, record);
		return true;
	case RECORD_ATTRIBUTE:
		return copy_attribute(copy, record);
	case RECORD_ORIGINAL:
		return keep_for_recipient(copy, record);
	case RECORD_RECIPIENT:
		put_recipient(copy, record);
		return true;
	case RECORD_DONE:
	case RECORD_CANCELLED:
		buf_reset(&copy->recipient);
		return true;
	default:
		return true;
	}
}

/* -- content ------------------------------------------------------------------------------------------------------- */

static void
log_submission(const struct copy *copy, struct view id)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "%.*s: uid=%ld from=", VIEW_ARG(id), (long)copy->drop->owner);
	maillog_address(&line, buf_view(&copy->sender));
	if (copy->drop->requeued)
		buf_printf(&line, " orig_id=%.*s", VIEW_ARG(copy->drop->id));
	log_info("%s", buf_c(&line));
	buf_fini(&line);
}

static void
put_received(struct copy *copy, struct view id)
{
	struct buf date = BUF_INIT;

	date_put(&date, time(NULL));
	cleanup_printf(copy->cleanup, RECORD_LINE, "Received: by %s (%s, from userid %ld)", copy->config->hostname,
	    copy->config->mail_name, (long)copy->drop->owner);
	cleanup_printf(copy->cleanup, RECORD_LINE, "\tid %.*s; %s", VIEW_ARG(id), buf_c(&date));
	buf_fini(&date);
}

static bool
begin_content(struct copy *copy, const struct record *record)
{
	struct view id;

	if (!copy->have_sender || !copy->have_time)
		return reject(copy, "no sender or no time record");
	if (!copy->have_context)
		cleanup_put(copy->cleanup, RECORD_ATTRIBUTE, VIEW("rewrite_context=local"));
	cleanup_put(copy->cleanup, RECORD_ATTRIBUTE, VIEW("log_message_origin=local"));
	put(copy, record);
	id = cleanup_id(copy->cleanup);
	if (view_empty(id))
		return true;		/* cleanup failed: its status will tell */
	log_submission(copy, id);
	put_received(copy, id);
	return true;
}

/* A first line that begins with a blank would become part of our header. */
static void
copy_content_record(struct copy *copy, const struct record *record)
{
	if (record->type == RECORD_PADDING)
		return;
	if (!copy->first_line_seen && record->data.len > 0 && char_is(record->data.data[0], CHAR_BLANK))
		cleanup_put(copy->cleanup, RECORD_LINE, VIEW_EMPTY);
	copy->first_line_seen = true;
	put(copy, record);
}

static bool
copy_record(struct copy *copy, const struct record *record)
{
	if (queue_reader_offset(copy->reader) > copy->drop->size)
		return reject(copy, "file grows while it is read");
	if (!type_allowed(copy, record->type))
		return reject(copy, "unexpected record type");
	switch (record->type) {
	case RECORD_CONTENT:
		return begin_content(copy, record);
	case RECORD_EXTRACTED:
	case RECORD_END:
		put(copy, record);
		return true;
	default:
		if (copy->segment != SUBMISSION_CONTENT)
			return copy_envelope_record(copy, record);
		copy_content_record(copy, record);
		return true;
	}
}

static enum pickup_result
copy_records(struct copy *copy)
{
	struct record record;

	while (copy->segment != SUBMISSION_DONE && !cleanup_failed(copy->cleanup)) {
		switch (queue_reader_next(copy->reader, &record, NULL, copy->why)) {
		case QUEUE_READ_RECORD:
			break;
		case QUEUE_READ_ERROR:
			return PICKUP_LATER;
		case QUEUE_READ_END:
			reject(copy, "no end record");
			return PICKUP_CORRUPT;
		case QUEUE_READ_CORRUPT:
			return PICKUP_CORRUPT;
		}
		if (!copy_record(copy, &record))
			return PICKUP_CORRUPT;
		copy->segment = submission_segment_after(copy->segment, record.type);
	}
	if (copy->segment == SUBMISSION_DONE && copy->recipients == 0 && copy->drop->requeued)
		return PICKUP_NOTHING_LEFT;
	return PICKUP_TAKEN;		/* if cleanup takes it: its status will tell */
}

/* -- the end ------------------------------------------------------------------------------------------------------- */

static enum pickup_result
judge(unsigned status, struct buf *reason)
{
	const unsigned permanent = CLEANUP_SIZE | CLEANUP_CONTENT | CLEANUP_HOPS | CLEANUP_NO_RECIPIENTS;

	if (status == CLEANUP_OK)
		return PICKUP_TAKEN;
	if (reason != NULL && reason->len == 0)
		why_set(reason, "%s", cleanup_reply(status)->text);
	if (status & CLEANUP_BAD)
		return PICKUP_CORRUPT;		/* it will be no better the next time */
	return (status & permanent) != 0 && (status & ~permanent) == 0 ? PICKUP_REFUSED : PICKUP_LATER;
}

static enum pickup_result
run(struct copy *copy)
{
	enum pickup_result result;

	if (*copy->config->filter != '\0')
		cleanup_put(copy->cleanup, RECORD_FILTER, view_string(copy->config->filter));
	result = copy_records(copy);
	if (result == PICKUP_TAKEN)
		return judge(cleanup_finish(copy->cleanup, copy->why), copy->why);
	cleanup_abort(copy->cleanup);
	return result;
}

enum pickup_result
pickup_copy(const struct drop *drop, const struct pickup_config *config, struct cleanup_client *cleanup, struct buf *why)
{
	struct copy copy = { .drop = drop, .config = config, .cleanup = cleanup, .why = why };
	enum pickup_result result;

	if (!cleanup_open(cleanup, pickup_cleanup_flags(config, drop->requeued), why))
		return PICKUP_LATER;
	copy.reader = queue_reader_new(drop->fd);
	queue_reader_follow(copy.reader, drop->requeued);	/* a user's file has no pointers: there they are refused */
	result = run(&copy);
	queue_reader_free(copy.reader);
	buf_fini(&copy.recipient);
	buf_fini(&copy.sender);
	return result;
}
