/*
 * The envelope of a queue file: all records but the content's, taken into a struct by two tables: one for record types,
 * one for named attributes.
 */
#include "global/queue/envelope.h"

#include <limits.h>

struct envelope_reader {
	struct queue_reader *reader;
	struct arena *arena;
	struct queue_envelope *envelope;
	bool resumed;				/* the envelope is known: only recipients are wanted */
	bool in_extracted;

	struct queue_recipient pending;		/* what was said about the next recipient */
	struct queue_recipient *recipients;
	size_t count, capacity, max;
	size_t done, done_before_resume;
	off_t resume;				/* behind the last recipient that was taken */
	bool more;				/* recipients were left for the next round */
	struct buf *why;
};

enum step { STEP_NEXT, STEP_STOP, STEP_CORRUPT, STEP_ERROR };

typedef enum step record_handler(struct envelope_reader *r, const struct record *record, off_t at);

static enum step
corrupt(struct envelope_reader *r, const char *what, off_t at)
{
	why_set(r->why, "%s at offset %lld", what, (long long)at);
	return STEP_CORRUPT;
}

/* -- attributes ---------------------------------------------------------------------------------------------------- */

enum attribute_kind { FIRST_TEXT, LAST_TEXT, FIRST_INT, LAST_INT, TRACE_FLAGS, CREATE_TIME, NEXT_TEXT, NEXT_INT };

#define ENVELOPE(member)	offsetof(struct queue_envelope, member)
#define RECIPIENT(member)	offsetof(struct queue_recipient, member)

/* Where two records say different things, the first or the last one holds (doc/queue-file.md, section 10). */
static const struct attribute {
	const char *name;
	enum attribute_kind kind;
	size_t offset;
} attributes[] = {
	{ "encoding",			LAST_TEXT,	ENVELOPE(encoding) },
	{ "envelope_id",		LAST_TEXT,	ENVELOPE(envid) },
	{ "ret_flags",			LAST_INT,	ENVELOPE(ret) },
	{ "message_id",			LAST_TEXT,	ENVELOPE(message_id) },
	{ "create_time",		CREATE_TIME,	0 },
	{ "trace_flags",		TRACE_FLAGS,	0 },
	{ "log_ident",			FIRST_TEXT,	ENVELOPE(log_ident) },
	{ "rewrite_context",		FIRST_TEXT,	ENVELOPE(rewrite_context) },
	{ "sasl_method",		FIRST_TEXT,	ENVELOPE(sasl_method) },
	{ "sasl_username",		FIRST_TEXT,	ENVELOPE(sasl_username) },
	{ "sasl_sender",		FIRST_TEXT,	ENVELOPE(sasl_sender) },
	{ "log_client_name",		FIRST_TEXT,	ENVELOPE(log_client_name) },
	{ "log_client_address",		FIRST_TEXT,	ENVELOPE(log_client_address) },
	{ "log_client_port",		FIRST_TEXT,	ENVELOPE(log_client_port) },
	{ "log_helo_name",		FIRST_TEXT,	ENVELOPE(log_helo_name) },
	{ "log_protocol_name",		FIRST_TEXT,	ENVELOPE(log_protocol_name) },
	{ "log_message_origin",		FIRST_TEXT,	ENVELOPE(log_message_origin) },
	{ "client_name",		FIRST_TEXT,	ENVELOPE(client_name) },
	{ "reverse_client_name",	FIRST_TEXT,	ENVELOPE(reverse_client_name) },
	{ "client_address",		FIRST_TEXT,	ENVELOPE(client_address) },
	{ "client_port",		FIRST_TEXT,	ENVELOPE(client_port) },
	{ "client_address_type",	FIRST_INT,	ENVELOPE(client_address_type) },
	{ "helo_name",			FIRST_TEXT,	ENVELOPE(client_helo) },
	{ "protocol_name",		FIRST_TEXT,	ENVELOPE(client_protocol) },
	{ "server_address",		FIRST_TEXT,	ENVELOPE(server_address) },
	{ "server_port",		FIRST_TEXT,	ENVELOPE(server_port) },
	{ "dsn_orig_rcpt",		NEXT_TEXT,	RECIPIENT(dsn_orcpt) },
	{ "notify_flags",		NEXT_INT,	RECIPIENT(dsn_notify) },
};

static const struct attribute *
find_attribute(struct view name)
{
	for (size_t i = 0; i < ARRAY_COUNT(attributes); i++)
		if (view_is(name, attributes[i].name))
			return &attributes[i];
	return NULL;
}

static bool
whole_number(struct view text, long long *out)
{
	struct cursor in = cursor_of(text);

	if (text.data == NULL || !queue_number(&in, out))
		return false;
	cursor_skip(&in, CHAR_BLANK);
	return cursor_done(&in);
}

static bool
set_int(int *member, struct view value)
{
	long long number;

	if (!whole_number(value, &number) || number < 0 || number > INT_MAX)
		return false;
	*member = (int)number;
	return true;
}

static void
set_text(struct envelope_reader *r, struct view *member, struct view value, bool first_wins)
{
	if (!first_wins || view_empty(*member))
		*member = arena_view(r->arena, value);
}

static bool
set_trace_flags(struct queue_envelope *envelope, struct view value, off_t at)
{
	if (envelope->trace_offset != 0)
		return true;
	envelope->trace_offset = at;
	return set_int(&envelope->trace_flags, value);
}

bool
queue_time_parse(struct view data, struct timeval *out)
{
	struct cursor in = cursor_of(data);
	long long sec, usec = 0;

	if (view_empty(data) || !queue_number(&in, &sec) || (!queue_number(&in, &usec) && !cursor_done(&in)) ||
	    sec < 0 || sec > QUEUE_TIME_MAX || usec < 0 || usec > 999999)
		return false;
	*out = (struct timeval){ (time_t)sec, (suseconds_t)usec };
	return true;
}

static bool
set_create_time(struct queue_envelope *envelope, struct view value)
{
	struct timeval time = { .tv_sec = envelope->create_time };
	bool good = time.tv_sec != 0 || queue_time_parse(value, &time);

	envelope->create_time = time.tv_sec;
	return good;
}

static bool
set_attribute(struct envelope_reader *r, const struct attribute *attribute, struct view value, off_t at)
{
	char *of_envelope = (char *)r->envelope + attribute->offset;
	char *of_recipient = (char *)&r->pending + attribute->offset;

	switch (attribute->kind) {
	case FIRST_TEXT:
	case LAST_TEXT:
		set_text(r, (struct view *)(void *)of_envelope, value, attribute->kind == FIRST_TEXT);
		return true;
	case FIRST_INT:
		return *(int *)(void *)of_envelope != 0 || set_int((int *)(void *)of_envelope, value);
	case LAST_INT:
		return set_int((int *)(void *)of_envelope, value);
	case TRACE_FLAGS:
		return set_trace_flags(r->envelope, value, at);
	case CREATE_TIME:
		return set_create_time(r->envelope, value);
	case NEXT_TEXT:
		set_text(r, (struct view *)(void *)of_recipient, value, false);
		return true;
	case NEXT_INT:
		return set_int((int *)(void *)of_recipient, value);
	}
	return false;
}

static enum step
on_attribute(struct envelope_reader *r, const struct record *record, off_t at)
{
	const struct attribute *attribute;
	struct view name, value;

	if (!record_attribute(record->data, &name, &value))
		return corrupt(r, "malformed attribute", at);
	if ((attribute = find_attribute(name)) == NULL)
		return STEP_NEXT;
	if (r->resumed && attribute->kind != NEXT_TEXT && attribute->kind != NEXT_INT)
		return STEP_NEXT;
	return set_attribute(r, attribute, value, at) ? STEP_NEXT : corrupt(r, "bad attribute value", at);
}

/* The pseudo types that stand for the four delivery status attributes and the creation time. */
static enum step
on_pseudo(struct envelope_reader *r, const struct record *record, off_t at)
{
	static const struct { int type; const char *name; } names[] = {
		{ RECORD_DSN_RET, "ret_flags" }, { RECORD_DSN_ENVID, "envelope_id" },
		{ RECORD_DSN_ORCPT, "dsn_orig_rcpt" }, { RECORD_DSN_NOTIFY, "notify_flags" },
		{ RECORD_CREATE_TIME, "create_time" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (names[i].type == record->type)
			return set_attribute(r, find_attribute(view_string(names[i].name)), record->data, at)
			    ? STEP_NEXT : corrupt(r, "bad record value", at);
	return corrupt(r, "unexpected record", at);
}

/* -- records ------------------------------------------------------------------------------------------------------- */

static enum step
on_size(struct envelope_reader *r, const struct record *record, off_t at)
{
	if (at != 0 || !queue_size_parse(record->data, &r->envelope->size))
		return corrupt(r, "bad size record", at);
	return STEP_NEXT;
}

static enum step
on_time(struct envelope_reader *r, const struct record *record, off_t at)
{
	if (r->envelope->have_time)
		return STEP_NEXT;
	if (!queue_time_parse(record->data, &r->envelope->arrival))
		return corrupt(r, "bad time record", at);
	r->envelope->have_time = true;
	return STEP_NEXT;
}

static enum step
on_sender(struct envelope_reader *r, const struct record *record, off_t at)
{
	if (!r->envelope->have_sender)
		r->envelope->sender = arena_view(r->arena, record->data);
	r->envelope->have_sender = true;
	return STEP_NEXT;
}

static enum step
on_warn_time(struct envelope_reader *r, const struct record *record, off_t at)
{
	long long when;

	if (r->envelope->warn_offset != 0)
		return STEP_NEXT;
	if (!whole_number(record->data, &when))
		return corrupt(r, "bad warning time record", at);
	r->envelope->warn_offset = at;
	r->envelope->warn_time = when > 0 ? when : 0;
	r->envelope->warned = when < 0;
	return STEP_NEXT;
}

static enum step
on_text(struct envelope_reader *r, const struct record *record, off_t at)
{
	struct queue_envelope *envelope = r->envelope;

	switch (record->type) {
	case RECORD_FULL_NAME:
		set_text(r, &envelope->full_name, record->data, true);
		break;
	case RECORD_FILTER:
		set_text(r, &envelope->filter, record->data, false);
		break;
	case RECORD_REDIRECT:
		set_text(r, &envelope->redirect, record->data, false);
		break;
	case RECORD_VERP:
		set_text(r, &envelope->verp, record->data, false);
		break;
	}
	return STEP_NEXT;
}

static enum step
on_original(struct envelope_reader *r, const struct record *record, off_t at)
{
	r->pending.original = arena_view(r->arena, record->data);
	return STEP_NEXT;
}

static void
take_recipient(struct envelope_reader *r, struct view address, off_t at)
{
	struct queue_recipient *room;

	if (r->count == r->capacity) {
		r->capacity = r->capacity > 0 ? 2 * r->capacity : 8;
		room = arena_alloc_array(r->arena, r->capacity, sizeof(*room));
		if (r->count > 0)
			memcpy(room, r->recipients, r->count * sizeof(*room));
		r->recipients = room;
	}
	r->pending.address = arena_view(r->arena, address);
	r->pending.offset = at;
	r->recipients[r->count++] = r->pending;
	r->resume = queue_reader_offset(r->reader);
	r->done_before_resume = r->done;
}

/*
 * The first round always goes to the end, so that the envelope is known whole and a file without an end is found before
 * anything of it is delivered. Later rounds stop at the first recipient that has no room.
 */
static enum step
on_recipient(struct envelope_reader *r, const struct record *record, off_t at)
{
	if (r->count == r->max) {
		r->more = true;
		if (r->resumed)
			return STEP_STOP;
	} else if (!r->more) {
		take_recipient(r, record->data, at);
	}
	r->pending = (struct queue_recipient){ 0 };
	return STEP_NEXT;
}

static enum step
on_done(struct envelope_reader *r, const struct record *record, off_t at)
{
	if (record->type == RECORD_DONE)
		r->done++;
	r->pending = (struct queue_recipient){ 0 };
	return STEP_NEXT;
}

static enum step
reader_failed(enum queue_read result)
{
	return result == QUEUE_READ_ERROR ? STEP_ERROR : STEP_CORRUPT;
}

/* Files that do not tell their layout (maildrop, or very old): read on to the end of the content. */
static enum step
find_extracted(struct envelope_reader *r, off_t data_offset)
{
	struct queue_size *size = &r->envelope->size;
	struct record record;
	enum queue_read result;
	off_t at;

	do {
		if ((result = queue_reader_next(r->reader, &record, &at, r->why)) != QUEUE_READ_RECORD)
			break;
	} while (record.type != RECORD_EXTRACTED);
	if (result == QUEUE_READ_END)
		return corrupt(r, "content without end", data_offset);
	if (result != QUEUE_READ_RECORD)
		return reader_failed(result);
	size->data_offset = data_offset;
	size->content_size = size->logical_size = at - data_offset;
	return STEP_NEXT;
}

static enum step
on_content(struct envelope_reader *r, const struct record *record, off_t at)
{
	struct queue_size *size = &r->envelope->size;
	enum queue_read result;
	struct record mark;
	off_t end;

	if (r->in_extracted)
		return corrupt(r, "second content", at);
	r->in_extracted = true;
	if (size->data_offset == 0)
		return find_extracted(r, queue_reader_offset(r->reader));
	if (__builtin_add_overflow(size->data_offset, size->content_size, &end))
		return corrupt(r, "bad content size", at);
	queue_reader_seek(r->reader, end);
	if ((result = queue_reader_next(r->reader, &mark, NULL, r->why)) == QUEUE_READ_ERROR)
		return STEP_ERROR;
	if (result != QUEUE_READ_RECORD || mark.type != RECORD_EXTRACTED)
		return corrupt(r, "no end of content", end);
	return STEP_NEXT;
}

static enum step
on_end(struct envelope_reader *r, const struct record *record, off_t at)
{
	r->envelope->complete = true;
	return STEP_STOP;
}

static enum step
on_ignored(struct envelope_reader *r, const struct record *record, off_t at)
{
	return STEP_NEXT;
}

/*
 * One set for both segments, so that a later round may start in either. What has no handler is corrupt. Later rounds
 * look only at what tells of recipients or of the layout.
 */
static const struct {
	record_handler *handler;
	bool each_round;
} handlers[256] = {
	[RECORD_SIZE] = { on_size, false },
	[RECORD_TIME] = { on_time, false },
	[RECORD_CREATE_TIME] = { on_pseudo, false },
	[RECORD_FULL_NAME] = { on_text, false },
	[RECORD_INSPECT] = { on_ignored, false },
	[RECORD_FILTER] = { on_text, false },
	[RECORD_SENDER] = { on_sender, false },
	[RECORD_DONE] = { on_done, true },
	[RECORD_RECIPIENT] = { on_recipient, true },
	[RECORD_ORIGINAL] = { on_original, true },
	[RECORD_CANCELLED] = { on_done, true },
	[RECORD_WARN_TIME] = { on_warn_time, false },
	[RECORD_ATTRIBUTE] = { on_attribute, true },
	[RECORD_KILLED] = { on_ignored, false },
	[RECORD_REDIRECT] = { on_text, false },
	[RECORD_VERP] = { on_text, false },
	[RECORD_CONTENT] = { on_content, true },
	[RECORD_EXTRACTED] = { on_ignored, false },
	[RECORD_RETURN_RECEIPT] = { on_ignored, false },
	[RECORD_ERRORS_TO] = { on_ignored, false },
	[RECORD_PRIORITY] = { on_ignored, false },
	[RECORD_DSN_RET] = { on_pseudo, false },
	[RECORD_DSN_ENVID] = { on_pseudo, false },
	[RECORD_DSN_ORCPT] = { on_pseudo, true },
	[RECORD_DSN_NOTIFY] = { on_pseudo, true },
	[RECORD_END] = { on_end, true },
};

static enum step
read_records(struct envelope_reader *r)
{
	enum step step = STEP_NEXT;
	enum queue_read result;
	struct record record;
	off_t at;

	while (step == STEP_NEXT) {
		if ((result = queue_reader_next(r->reader, &record, &at, r->why)) == QUEUE_READ_END)
			return corrupt(r, "no end record", queue_reader_offset(r->reader));
		if (result != QUEUE_READ_RECORD)
			return reader_failed(result);
		if (handlers[record.type].handler == NULL)
			return corrupt(r, "unknown record type", at);
		if (!r->resumed || handlers[record.type].each_round)
			step = handlers[record.type].handler(r, &record, at);
	}
	return step;
}

static enum step
check_envelope(struct envelope_reader *r)
{
	const struct queue_envelope *envelope = r->envelope;

	if (envelope->have_sender && envelope->have_time && r->in_extracted)
		return STEP_STOP;
	why_set(r->why, "%s", !envelope->have_sender ? "no sender record" : !envelope->have_time ? "no time record" : "no content");
	return STEP_CORRUPT;
}

/* Frees the reader. */
static enum queue_read
read_envelope(struct queue_reader *reader, struct arena *arena, struct queue_envelope *envelope,
    struct queue_recipient **recipients, size_t *recipient_count, size_t recipients_max, off_t *resume, size_t *done_count,
    struct buf *why)
{
	struct envelope_reader r = {
		.reader = reader, .arena = arena, .envelope = envelope, .resumed = *resume != 0,
		.max = recipients_max, .why = why, .resume = *resume,
	};
	enum step step;

	if (!r.resumed)
		*envelope = (struct queue_envelope){ 0 };
	queue_reader_seek(r.reader, *resume);
	step = read_records(&r);
	if (step == STEP_STOP && !r.resumed)
		step = check_envelope(&r);
	queue_reader_free(r.reader);
	*recipients = r.recipients;
	*recipient_count = r.count;
	r.more = r.more && r.max > 0;
	*resume = r.more ? r.resume : 0;
	if (done_count != NULL)
		*done_count = r.more ? r.done_before_resume : r.done;
	if (step != STEP_STOP)
		return step == STEP_ERROR ? QUEUE_READ_ERROR : QUEUE_READ_CORRUPT;
	return r.more ? QUEUE_READ_RECORD : QUEUE_READ_END;
}

enum queue_read
queue_envelope_read(int fd, struct arena *arena, struct queue_envelope *envelope, struct queue_recipient **recipients,
    size_t *recipient_count, size_t recipients_max, off_t *resume, size_t *done_count, struct buf *why)
{
	return read_envelope(queue_reader_new(fd), arena, envelope, recipients, recipient_count, recipients_max, resume,
	    done_count, why);
}

enum queue_read
queue_envelope_read_image(const struct queue_image *image, struct arena *arena, struct queue_envelope *envelope,
    struct queue_recipient **recipients, size_t *recipient_count, size_t recipients_max, struct buf *why)
{
	off_t resume = 0;

	return read_envelope(queue_reader_of_image(image), arena, envelope, recipients, recipient_count, recipients_max,
	    &resume, NULL, why);
}
