/* envelope: the records before the content. Most are copied as they come; sender and recipients are rewritten. */
#include "cleanup/message.h"
#include "global/queue/envelope.h"
#include "util/log/log.h"

/* The options of re-queued mail; the bits that follow from addresses and headers are found anew. */
static void
take_size(struct message *m, const struct record *record)
{
	struct queue_size size;
	long long derived = QUEUE_OPTION_SMTPUTF8_HEADER | QUEUE_OPTION_SMTPUTF8_SENDER | QUEUE_OPTION_SMTPUTF8_RECIPIENT;

	if (queue_size_parse(record->data, &size))
		m->options |= size.options & ~derived;
}

static void
set_create_time(struct message *m, struct view value)
{
	struct timeval time;

	if (m->have_create_time)
		return;
	m->have_create_time = true;
	if (queue_time_parse(value, &time))
		message_put_attribute(m, "create_time", value);
	else
		message_fail(m, CLEANUP_BAD, "bad creation time");
}

static void
take_create_time(struct message *m, const struct record *record)
{
	set_create_time(m, record->data);
}

/* It stands right behind the arrival time; re-queued mail brings its own. */
static void
put_create_time(struct message *m)
{
	struct view now = arena_printf(&m->arena, "%ld", (long)queue_writer_time(m->writer).tv_sec);

	set_create_time(m, now);
}

static void
take_time(struct message *m, const struct record *record)
{
	if (m->have_time)
		return;
	m->have_time = true;
	if (queue_time_parse(record->data, &m->arrival))
		message_put(m, RECORD_TIME, record->data);
	else
		message_fail(m, CLEANUP_BAD, "bad time record");
}

static void
take_sender(struct message *m, const struct record *record)
{
	struct buf sender = BUF_INIT;

	if (m->have_sender)
		message_fail(m, CLEANUP_BAD, "more than one sender record");
	m->have_sender = true;
	if (address_map(m, REWRITE_LOCAL, CLASS_ENVELOPE_SENDER, record->data, &sender)) {
		m->sender = arena_view(&m->arena, buf_view(&sender));
		if (!view_is_ascii(m->sender))
			m->options |= QUEUE_OPTION_SMTPUTF8_SENDER;
		message_put(m, RECORD_SENDER, m->sender);
		if (m->sender.len > 0 && (m->flags & CLEANUP_MAP_BCC))
			recipient_add_bcc(m, m->cleanup->sender_bcc, m->sender);
	}
	buf_fini(&sender);
}

static void
take_warn_time(struct message *m, const struct record *record)
{
	m->have_warn_time = true;
	message_put(m, RECORD_WARN_TIME, record->data);
}

/* When to warn the sender; a null sender is never warned. */
static void
put_warn_time(struct message *m)
{
	int after = m->cleanup->config->delay_warning_sec;

	if (!m->have_warn_time && after > 0 && m->sender.len > 0) {
		struct view when = arena_printf(&m->arena, "%15ld", (long)m->arrival.tv_sec + after);

		message_put(m, RECORD_WARN_TIME, when);
	}
	m->have_warn_time = true;
}

static void
take_original(struct message *m, const struct record *record)
{
	m->pending.original = arena_view(&m->arena, record->data);
}

static void
take_done(struct message *m, const struct record *record)
{
	m->pending = (struct message_recipient){ 0 };
	m->done_recipients++;
}

static void
take_recipient(struct message *m, const struct record *record)
{
	struct message_recipient recipient = m->pending;

	m->pending = (struct message_recipient){ 0 };
	recipient.address = record->data;
	if (!m->have_sender) {
		message_fail(m, CLEANUP_BAD, "recipient before sender");
		return;
	}
	if (m->stage == STAGE_ENVELOPE)
		put_warn_time(m);
	recipient_add(m, &recipient);
}

/* -- attributes ---------------------------------------------------------------------------------------------------- */

static void
take_notify(struct message *m, struct view value)
{
	unsigned long long notify;

	if (view_number(value, &notify) && notify <= 15)
		m->pending.dsn_notify = (int)notify;
	else
		message_fail(m, CLEANUP_BAD, "bad notify_flags");
}

static void
take_context(struct message *m, struct view value)
{
	m->remote_context = view_is(value, "remote");
	message_put_attribute(m, "rewrite_context", value);
}

/* What log lines and later stages need is remembered. log_ attributes win over those of the real client. */
static void
remember(struct message *m, struct view name, struct view value)
{
	const struct {
		const char *name;
		struct view *where;
		bool wins;
	} kept[] = {
		{ "encoding", &m->encoding, true }, { "envelope_id", &m->envid, true },
		{ "log_client_name", &m->client_name, true }, { "client_name", &m->client_name, false },
		{ "log_client_address", &m->client_address, true }, { "client_address", &m->client_address, false },
		{ "log_helo_name", &m->helo_name, true }, { "helo_name", &m->helo_name, false },
		{ "log_protocol_name", &m->protocol_name, true }, { "protocol_name", &m->protocol_name, false },
		{ "log_message_origin", &m->origin, true },
	};

	for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
		if (view_is(name, kept[i].name) && (kept[i].wins || kept[i].where->len == 0))
			*kept[i].where = arena_view(&m->arena, value);
}

static bool
asks_for_probe(struct view flags)
{
	unsigned long long number;

	return view_number(flags, &number) && (number & TRACE_PROBE) != 0;
}

static void
put_attribute(struct message *m, struct view name, struct view value)
{
	if (++m->attributes > m->cleanup->config->attribute_count_max) {
		log_warn("%s: too many attributes", buf_c(&m->id));
		message_fail(m, CLEANUP_BAD, "too many attributes");
		return;
	}
	remember(m, name, value);
	if (view_is(name, "ret_flags"))
		m->ret = view_is(value, "2") ? DSN_RET_HDRS : DSN_RET_FULL;
	if (view_is(name, "trace_flags"))
		m->is_probe = asks_for_probe(value);
	message_put_attribute(m, arena_string(&m->arena, name), value);
}

void
envelope_attribute(struct message *m, const struct record *record)
{
	struct view name, value;

	if (!record_attribute(record->data, &name, &value))
		message_fail(m, CLEANUP_BAD, "attribute record without a value");
	else if (view_is(name, "notify_flags"))
		take_notify(m, value);
	else if (view_is(name, "dsn_orig_rcpt"))
		m->pending.dsn_orcpt = arena_view(&m->arena, value);
	else if (view_is(name, "create_time"))
		set_create_time(m, value);
	else if (view_is(name, "rewrite_context"))
		take_context(m, value);
	else
		put_attribute(m, name, value);
}

/* -- the end of the envelope --------------------------------------------------------------------------------------- */

static void
begin_content(struct message *m, const struct record *record)
{
	if (!m->have_sender) {
		log_warn("%s: envelope without sender", buf_c(&m->id));
		message_fail(m, CLEANUP_BAD, "envelope without sender");
		return;
	}
	message_put(m, RECORD_CONTENT, VIEW_EMPTY);
	content_begin(m);
}

static void
take_full_name(struct message *m, const struct record *record)
{
	m->full_name = arena_view(&m->arena, record->data);
	message_put(m, RECORD_FULL_NAME, record->data);
}

static bool
is_create_time(const struct record *record)
{
	return record->type == RECORD_CREATE_TIME
	    || (record->type == RECORD_ATTRIBUTE && view_starts(record->data, VIEW("create_time=")));
}

/* What a server's rules want done with the message; nothing else can be asked for here. */
void
envelope_flags(struct message *m, const struct record *record)
{
	unsigned long long flags;

	if (!view_number(record->data, &flags) || (flags & ~(unsigned long long)(CLEANUP_HOLD | CLEANUP_DISCARD)) != 0)
		message_fail(m, CLEANUP_BAD, NULL);
	else
		m->flags |= (unsigned)flags;
}

static void
copy(struct message *m, const struct record *record)
{
	message_put(m, record->type, record->data);
}

static void
ignore(struct message *m, const struct record *record)
{
}

static record_handler *const handlers[256] = {
	[RECORD_ATTRIBUTE] = envelope_attribute,
	[RECORD_CANCELLED] = take_done,
	[RECORD_CONTENT] = begin_content,
	[RECORD_CREATE_TIME] = take_create_time,
	[RECORD_DELAY] = ignore,
	[RECORD_DONE] = take_done,
	[RECORD_FILTER] = copy,
	[RECORD_FLAGS] = envelope_flags,
	[RECORD_FULL_NAME] = take_full_name,
	[RECORD_INSPECT] = copy,
	[RECORD_KILLED] = ignore,
	[RECORD_MILTERS] = ignore,
	[RECORD_ORIGINAL] = take_original,
	[RECORD_PADDING] = ignore,
	[RECORD_RECIPIENT] = take_recipient,
	[RECORD_REDIRECT] = copy,
	[RECORD_SENDER] = take_sender,
	[RECORD_SIZE] = take_size,
	[RECORD_TIME] = take_time,
	[RECORD_VERP] = copy,
	[RECORD_WARN_TIME] = take_warn_time,
};

void
envelope_record(struct message *m, const struct record *record)
{
	if (m->have_time && !m->have_create_time && !is_create_time(record))
		put_create_time(m);
	if (handlers[record->type] != NULL) {
		handlers[record->type](m, record);
		return;
	}
	log_warn("%s: unexpected record type %d in envelope", buf_c(&m->id), record->type);
	message_fail(m, CLEANUP_BAD, "unexpected record type in envelope");
}
