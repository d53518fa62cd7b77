#include "cleanup/message.h"

#include "global/queue/queue_size.h"
#include "util/log/log.h"

void
message_begin(struct message *m, struct cleanup *cleanup, unsigned flags)
{
	*m = (struct message){ .cleanup = cleanup, .flags = flags };
}

void
message_end(struct message *m)
{
	if (m->writer != NULL)
		queue_writer_abort(m->writer);
	if (m->mime != NULL)
		mime_free(m->mime);
	if (m->seen_recipients != NULL)
		hash_free(m->seen_recipients, NULL);
	buf_fini(&m->reason);
	buf_fini(&m->id);
	buf_fini(&m->line);
	buf_fini(&m->text);
	buf_fini(&m->head);
	buf_fini(&m->tail);
	arena_fini(&m->arena);
	*m = (struct message){ .cleanup = m->cleanup };
}

void
message_fail(struct message *m, unsigned status, const char *reason)
{
	if (m->status == 0 && reason != NULL)
		buf_set(&m->reason, view_string(reason));
	m->status |= status;
}

bool
message_failed(const struct message *m)
{
	return m->status != 0;
}

static void
note_image(struct message *m, int type, struct view data)
{
	enum { ROOM_FOR_REST = 512 };
	size_t size = m->head.len + m->tail.len + data.len;

	m->image_full |= size > QMGR_ANNOUNCEMENT_MAX - ROOM_FOR_REST;
	if (!m->image_full)
		record_put(m->stage == STAGE_ENVELOPE ? &m->head : &m->tail, type, data);
}

/* The size record goes first, with room for what is known at the end. */
static void
reserve_size(struct message *m)
{
	struct queue_size none = { 0 };

	buf_reset(&m->text);
	queue_size_put(&m->text, &none);
	queue_writer_put(m->writer, RECORD_SIZE, buf_view(&m->text));
	note_image(m, RECORD_SIZE, buf_view(&m->text));
}

bool
message_open(struct message *m)
{
	struct buf why = BUF_INIT;

	m->writer = queue_writer_open(&m->cleanup->layout, QUEUE_INCOMING, 0600, &why);
	if (m->writer == NULL) {
		log_warn("cannot make a queue file: %s", buf_c(&why));
		message_fail(m, CLEANUP_WRITE, NULL);
	} else {
		buf_set(&m->id, queue_writer_id(m->writer));
		m->arrival = queue_writer_time(m->writer);
		m->seen_recipients = hash_new();
		reserve_size(m);
	}
	buf_fini(&why);
	return m->writer != NULL;
}

/* A record that can mean something only while recipients are gathered forces qmgr to read all before it delivers. */
static bool
is_recipient_record(int type)
{
	return type == RECORD_RECIPIENT || type == RECORD_ORIGINAL || type == RECORD_DONE || type == RECORD_CONTENT
	    || type == RECORD_EXTRACTED || type == RECORD_END;
}

static void
note_result(struct message *m)
{
	enum queue_write_result result = queue_writer_result(m->writer, NULL);

	if (result == QUEUE_WRITE_TOO_BIG)
		message_fail(m, CLEANUP_SIZE, NULL);
	else if (result != QUEUE_WRITE_OK)
		message_fail(m, CLEANUP_WRITE, NULL);
}

static bool
in_content(const struct message *m)
{
	return m->stage == STAGE_HEADER || m->stage == STAGE_BODY;
}

/*
 * CQ16: a line end or NUL in an envelope value would be one somewhere else, too. Asked of what comes from the client, and
 * again of what tables made of it.
 */
static bool
envelope_value_valid(struct message *m, int type, struct view value)
{
	if (in_content(m) || (view_find_any(value, "\r\n") < 0 && view_find(value, '\0') < 0))
		return true;
	log_warn("%s: line end or NUL in an envelope record of type %c", buf_c(&m->id), type);
	message_fail(m, CLEANUP_BAD, "line end or NUL in an envelope record");
	return false;
}

void
message_put(struct message *m, int type, struct view data)
{
	if (m->writer == NULL || message_failed(m) || !envelope_value_valid(m, type, data))
		return;
	if (m->recipients > 0 && !in_content(m) && !is_recipient_record(type) && type != RECORD_ATTRIBUTE)
		m->mixed = true;
	queue_writer_put(m->writer, type, data);
	if (type == RECORD_EXTRACTED || !in_content(m))
		note_image(m, type, data);
	note_result(m);
}

void
message_put_attribute(struct message *m, const char *name, struct view value)
{
	struct buf text = BUF_INIT;

	if (value.len == 0)
		return;
	buf_printf(&text, "%s=", name);
	buf_putv(&text, value);
	message_put(m, RECORD_ATTRIBUTE, buf_view(&text));
	buf_fini(&text);
}

/* -- records from the client --------------------------------------------------------------------------------------- */

static void
take_record(struct message *m, const struct record *record)
{
	if (!envelope_value_valid(m, record->type, record->data))
		return;
	switch (m->stage) {
	case STAGE_ENVELOPE:
		envelope_record(m, record);
		break;
	case STAGE_HEADER:
	case STAGE_BODY:
		content_record(m, record);
		break;
	case STAGE_EXTRACTED:
		extracted_record(m, record);
		break;
	case STAGE_DONE:
		message_fail(m, CLEANUP_BAD, NULL);
		break;
	}
}

bool
message_take_records(struct message *m, struct view block)
{
	struct cursor in = cursor_of(block);
	struct record record;
	int taken = 1;

	while (!cursor_done(&in) && (taken = record_parse(&in, 0, &record)) == 1) {
		if (!message_failed(m))
			take_record(m, &record);
		else if (bounce_gathers(m))
			bounce_gather(m, &record);
		else
			break;
	}
	if (taken != 1) {
		log_warn("%s: malformed records from the client", buf_c(&m->id));
		message_fail(m, CLEANUP_BAD, NULL);
	}
	return !message_failed(m);
}

/* -- the end ------------------------------------------------------------------------------------------------------- */

/* The client declared SMTPUTF8, or what it sent needs it and we are to notice. */
static void
set_smtputf8(struct message *m)
{
	long long needs = QUEUE_OPTION_SMTPUTF8_HEADER | QUEUE_OPTION_SMTPUTF8_SENDER | QUEUE_OPTION_SMTPUTF8_RECIPIENT;

	if ((m->flags & CLEANUP_SMTPUTF8) || ((m->flags & CLEANUP_AUTO_UTF8) && (m->options & needs)))
		m->options |= QUEUE_OPTION_SMTPUTF8_REQUESTED;
	m->options &= ~(long long)QUEUE_OPTION_SMTPUTF8_RECIPIENT;	/* told anew in every delivery request */
}

static void
write_size(struct message *m)
{
	long long content = m->extracted_offset - m->data_offset;
	struct queue_size size = {
		.content_size = content, .data_offset = m->data_offset, .recipients = (long long)m->recipients,
		.qmgr_flags = (m->mixed ? 1 : 0) | (m->notify << 1), .logical_size = content, .options = m->options,
	};
	struct buf record = BUF_INIT;

	buf_reset(&m->text);
	queue_size_put(&m->text, &size);
	record_put(&record, RECORD_SIZE, buf_view(&m->text));
	queue_writer_overwrite(m->writer, 0, buf_view(&record));
	if (m->head.len >= record.len)
		memcpy(m->head.data, record.data, record.len);
	buf_fini(&record);
}

/* Dropped on demand, and told as if it were queued. */
static void
discard(struct message *m, const char *how)
{
	queue_writer_abort(m->writer);
	m->writer = NULL;
	log_info("%s: removed (%s)", buf_c(&m->id), how);
}

/* Only a hint; held mail is none of qmgr's business. */
static void
announce(struct message *m)
{
	struct qmgr_announcement announcement = { .queue_id = buf_view(&m->id) };

	if (!m->image_full) {
		announcement.head = buf_view(&m->head);
		announcement.tail = buf_view(&m->tail);
		announcement.tail_at = m->extracted_offset;
	}
	if (m->cleanup->announcer != NULL && !(m->flags & CLEANUP_HOLD))
		qmgr_announce(m->cleanup->announcer, &announcement);
}

static void
commit(struct message *m)
{
	struct buf why = BUF_INIT;
	enum queue_write_result result;

	if (!recipient_report_expanded(m)) {
		message_fail(m, CLEANUP_WRITE, NULL);
		return;
	}
	set_smtputf8(m);
	write_size(m);
	result = queue_commit(m->writer, m->flags & CLEANUP_HOLD ? QUEUE_HOLD : NULL, &why);
	m->writer = NULL;
	if (result != QUEUE_WRITE_OK) {
		log_warn("%s: %s", buf_c(&m->id), buf_c(&why));
		message_fail(m, result == QUEUE_WRITE_TOO_BIG ? CLEANUP_SIZE : CLEANUP_WRITE, NULL);
	}
	buf_fini(&why);
	if (!message_failed(m))
		announce(m);
}

unsigned
message_commit(struct message *m)
{
	if (!message_failed(m) && m->stage != STAGE_DONE)
		message_fail(m, CLEANUP_BAD, NULL);
	if (!message_failed(m) && m->recipients == 0 && m->done_recipients == 0 && !(m->flags & CLEANUP_DISCARD))
		message_fail(m, CLEANUP_NO_RECIPIENTS, NULL);
	if (message_failed(m) || m->writer == NULL)
		return m->flags & CLEANUP_BOUNCE ? bounce_message(m) : m->status;
	if (m->flags & CLEANUP_DISCARD)
		discard(m, "discarded");
	else if (m->recipients == 0)
		discard(m, "all recipients done");	/* CQ9 */
	else
		commit(m);
	return m->status;
}
