/* extracted: the records behind the content: what inspection found out, then recipients, then the end. */
#include "cleanup/message.h"
#include "util/log/log.h"

/* Ours come before the first recipient: qmgr may begin to deliver with that. */
static void
begin(struct message *m)
{
	if (m->extracted_begun)
		return;
	m->extracted_begun = true;
	if (m->filter.len > 0)
		message_put(m, RECORD_FILTER, m->filter);
	if (m->redirect.len > 0)
		message_put(m, RECORD_REDIRECT, m->redirect);
	message_put_attribute(m, "message_id", m->message_id);
	message_put_attribute(m, "encoding", m->encoding);
}

/* Attributes of the envelope that a filter in between may still change; those of recipients; nothing else. */
static void
take_attribute(struct message *m, const struct record *record)
{
	struct view name, value;

	if (!record_attribute(record->data, &name, &value))
		message_fail(m, CLEANUP_BAD, "attribute record without a value");
	else if (view_is(name, "encoding"))
		m->encoding = arena_view(&m->arena, value);
	else
		envelope_attribute(m, record);
}

static void
take_end(struct message *m, const struct record *record)
{
	begin(m);
	extracted_finish(m);
	message_put(m, RECORD_END, VIEW_EMPTY);
	m->stage = STAGE_DONE;
}

static void
take_recipient(struct message *m, const struct record *record)
{
	begin(m);
	envelope_record(m, record);
}

static void
take_filter(struct message *m, const struct record *record)
{
	m->filter = arena_view(&m->arena, record->data);
}

static void
take_redirect(struct message *m, const struct record *record)
{
	m->redirect = arena_view(&m->arena, record->data);
}

static void
ignore(struct message *m, const struct record *record)
{
}

static record_handler *const handlers[256] = {
	[RECORD_ATTRIBUTE] = take_attribute,
	[RECORD_CANCELLED] = take_recipient,
	[RECORD_DONE] = take_recipient,
	[RECORD_END] = take_end,
	[RECORD_ERRORS_TO] = ignore,
	[RECORD_FILTER] = take_filter,
	[RECORD_FLAGS] = envelope_flags,
	[RECORD_FULL_NAME] = ignore,
	[RECORD_INSPECT] = ignore,
	[RECORD_KILLED] = ignore,
	[RECORD_ORIGINAL] = take_recipient,
	[RECORD_PRIORITY] = ignore,
	[RECORD_RECIPIENT] = take_recipient,
	[RECORD_REDIRECT] = take_redirect,
	[RECORD_RETURN_RECEIPT] = ignore,
};

void
extracted_record(struct message *m, const struct record *record)
{
	if (handlers[record->type] != NULL) {
		handlers[record->type](m, record);
		return;
	}
	log_warn("%s: unexpected record type %d behind the content", buf_c(&m->id), record->type);
	message_fail(m, CLEANUP_BAD, "unexpected record type behind the content");
}

void
extracted_finish(struct message *m)
{
	const char *always = m->cleanup->config->always_bcc;

	if (*always != '\0' && (m->flags & CLEANUP_MAP_BCC))
		recipient_copy(m, view_string(always));
	for (size_t i = 0; i < m->bcc.count; i++)
		recipient_copy(m, m->bcc.items[i].address);
}
