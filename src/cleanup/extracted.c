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
take_attribute(struct message *m, struct view data)
{
	struct view name, value;

	if (!record_attribute(data, &name, &value))
		message_fail(m, CLEANUP_BAD, NULL);
	else if (view_is(name, "encoding"))
		m->encoding = arena_view(&m->arena, value);
	else
		envelope_attribute(m, data);
}

static void
take_end(struct message *m)
{
	begin(m);
	extracted_finish(m);
	message_put(m, RECORD_END, VIEW_EMPTY);
	m->stage = STAGE_DONE;
}

void
extracted_record(struct message *m, const struct record *record)
{
	switch (record->type) {
	case RECORD_END:
		take_end(m);
		break;
	case RECORD_ATTRIBUTE:
		take_attribute(m, record->data);
		break;
	case RECORD_RECIPIENT:
	case RECORD_ORIGINAL:
	case RECORD_DONE:
	case RECORD_CANCELLED:
		begin(m);
		envelope_record(m, record);
		break;
	case RECORD_FLAGS:
		envelope_flags(m, record->data);
		break;
	case RECORD_FILTER:
		m->filter = arena_view(&m->arena, record->data);
		break;
	case RECORD_REDIRECT:
		m->redirect = arena_view(&m->arena, record->data);
		break;
	case RECORD_FULL_NAME:
	case RECORD_INSPECT:
	case RECORD_RETURN_RECEIPT:
	case RECORD_ERRORS_TO:
	case RECORD_PRIORITY:
	case RECORD_KILLED:
		break;
	default:
		log_warn("%s: unexpected record type %d behind the content", buf_c(&m->id), record->type);
		message_fail(m, CLEANUP_BAD, NULL);
	}
}

void
extracted_finish(struct message *m)
{
	const char *always = m->cleanup->config->always_bcc;

	if (*always != '\0' && (m->flags & CLEANUP_MAP_BCC))
		recipient_copy(m, view_string(always));
	for (size_t i = 0; i < m->bcc_count; i++)
		recipient_copy(m, m->bcc[i].address);
}
