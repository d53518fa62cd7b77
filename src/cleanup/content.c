/*
 * content: the lines of the message, freed of what must not be in them and taken apart into headers, parts and bodies.
 * A line comes as pieces (L … N) of any length and leaves in pieces of line_length_limit.
 */
#include "cleanup/message.h"
#include "util/log/log.h"

static void
check_size(struct message *m)
{
	long long limit = m->cleanup->config->message_size_max;

	if (m->writer == NULL || message_failed(m) || limit <= 0 || (m->flags & CLEANUP_ANY_SIZE))
		return;
	if (queue_writer_offset(m->writer) - m->data_offset > limit) {
		log_warn("%s: queue file size limit exceeded", buf_c(&m->id));
		message_fail(m, CLEANUP_SIZE, NULL);
	}
}

void
content_put_line(struct message *m, struct view line)
{
	size_t max = (size_t)m->cleanup->config->line_length_max;

	while (line.len > max) {
		message_put(m, RECORD_LONG, view_slice(line, 0, max));
		line = view_slice(line, max, line.len);
	}
	message_put(m, RECORD_LINE, line);
	check_size(m);
}

void
content_put_header(struct message *m, struct view header)
{
	struct view line;

	while (view_split(header, '\n', &line, &header))
		content_put_line(m, line);
	content_put_line(m, header);
}

/* -- single bytes -------------------------------------------------------------------------------------------------- */

/* HM1: a CR or LF inside a line could end the data for the next server; each becomes a blank. */
static void
replace_stray(struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '\r' || text->data[i] == '\n')
			text->data[i] = ' ';
}

static bool
has_stray(struct view v)
{
	return v.len > 0 && (memchr(v.data, '\r', v.len) != NULL || memchr(v.data, '\n', v.len) != NULL);
}

static bool
has_any(const struct cleanup_bytes *set, struct view v)
{
	for (size_t i = 0; set->any && i < v.len; i++)
		if (set->member[(unsigned char)v.data[i]])
			return true;
	return false;
}

static void
strip(const struct cleanup_bytes *set, struct buf *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->len; i++)
		if (!set->member[(unsigned char)text->data[i]])
			text->data[kept++] = text->data[i];
	buf_truncate(text, kept);
}

static void
reject_bytes(struct message *m, struct view text)
{
	ptrdiff_t nul = view_find(text, '\0');
	static const char reason[] = "5.7.1 disallowed character";

	checks_log_reject(m, "content", view_slice(text, 0, nul >= 0 ? (size_t)nul : text.len), reason);
	message_fail(m, CLEANUP_CONTENT, reason);
}

/* The piece without what must not be in it; in the scratch buffer when it differs. */
static struct view
cleaned(struct message *m, struct view piece)
{
	const struct cleanup *c = m->cleanup;
	bool stray = c->config->replace_stray_cr_lf && has_stray(piece), bad = has_any(&c->stripped, piece);

	if (has_any(&c->rejected, piece))
		reject_bytes(m, piece);
	if (!stray && !bad)
		return piece;
	buf_set(&m->text, piece);
	if (bad)
		strip(&c->stripped, &m->text);
	if (stray)
		replace_stray(&m->text);
	return buf_view(&m->text);
}

/* -- structure ----------------------------------------------------------------------------------------------------- */

static bool
is_checked(const struct message *m)
{
	return (m->flags & CLEANUP_FILTER) && !m->checks_passed;
}

/* A line of the body, or what line_length_limit lets pass of it at a time. */
static void
body_text(struct message *m, struct view text, bool complete)
{
	struct buf replacement = BUF_INIT;
	enum check_verdict verdict = CHECK_KEEP;

	if (is_checked(m) && !maps_empty(m->cleanup->checks[CHECK_BODY])
	    && m->body_checked < m->cleanup->config->body_checks_size_max)
		verdict = checks_apply(m, CHECK_BODY, text, &replacement);
	m->body_checked += (long long)text.len + complete;
	if (replacement.len > 0)
		content_put_header(m, buf_view(&replacement));
	if (verdict == CHECK_KEEP && complete)
		content_put_line(m, text);
	else if (verdict == CHECK_KEEP)
		message_put(m, RECORD_LONG, text);
	check_size(m);
	buf_fini(&replacement);
}

static void
take_body(void *arg, struct view piece, bool complete)
{
	struct message *m = arg;
	size_t max = (size_t)m->cleanup->config->line_length_max;

	if (complete && m->line.len == 0 && piece.len <= max) {
		body_text(m, piece, true);
		return;
	}
	buf_putv(&m->line, piece);
	for (; m->line.len > max; buf_remove(&m->line, 0, max))
		body_text(m, view_slice(buf_view(&m->line), 0, max), false);
	if (complete) {
		body_text(m, buf_view(&m->line), true);
		buf_reset(&m->line);
	}
}

static void
take_header(void *arg, enum mime_section section, const struct header_name *name, struct view text)
{
	header_take(arg, section, name, text);
}

static void
take_end_of_header(void *arg, enum mime_section section, bool empty_line)
{
	struct message *m = arg;

	m->body_checked = 0;		/* the limit is for each part */
	if (section == MIME_PRIMARY) {
		header_add_missing(m);
		m->stage = STAGE_BODY;
	}
	if (empty_line)
		content_put_line(m, VIEW_EMPTY);
}

/* Which faults refuse a message; strict_8bitmime stands for two. */
static bool
is_refused(const struct cleanup_config *config, enum mime_fault fault)
{
	switch (fault) {
	case MIME_FAULT_NESTING:
		return true;
	case MIME_FAULT_8BIT_HEADER:
		return config->strict_8bit || config->strict_8bit_header;
	case MIME_FAULT_8BIT_BODY:
		return config->strict_8bit || config->strict_8bit_body;
	case MIME_FAULT_ENCODING_DOMAIN:
		return config->strict_domain;
	case MIME_FAULT_NO_EMPTY_LINE:
		return strcmp(config->no_empty_line, "reject") == 0;
	}
	return false;
}

static void
take_fault(void *arg, enum mime_fault fault, struct view culprit)
{
	struct message *m = arg;
	struct buf text = BUF_INIT;

	if (!(m->flags & CLEANUP_FILTER)) {
		;
	} else if (is_refused(m->cleanup->config, fault)) {
		buf_printf(&text, "mime-error %s:", mime_fault_text(fault));
		checks_log_reject(m, buf_c(&text), culprit, NULL);
		buf_reset(&text);
		buf_printf(&text, "5.6.0 %s", mime_fault_text(fault));
		message_fail(m, CLEANUP_CONTENT, buf_c(&text));
	} else if (fault == MIME_FAULT_NO_EMPTY_LINE && strcmp(m->cleanup->config->no_empty_line, "add_header") == 0) {
		content_put_line(m, VIEW("MIME-Error: message header was not terminated by empty line"));
	}
	buf_fini(&text);
}

static const struct mime_handler handler = {
	.header = take_header, .end_of_header = take_end_of_header, .body = take_body, .fault = take_fault,
};

void
content_begin(struct message *m)
{
	m->stage = STAGE_HEADER;
	m->data_offset = queue_writer_offset(m->writer);
	m->mime = mime_new(&m->cleanup->mime, &handler, m);
}

void
content_end(struct message *m)
{
	mime_end(m->mime);
	if (m->line.len > 0)
		take_body(m, VIEW_EMPTY, true);
	m->extracted_offset = queue_writer_offset(m->writer);
	message_put(m, RECORD_EXTRACTED, VIEW_EMPTY);
	m->stage = STAGE_EXTRACTED;
}

void
content_record(struct message *m, const struct record *record)
{
	switch (record->type) {
	case RECORD_LINE:
	case RECORD_LONG:
		mime_line(m->mime, cleaned(m, record->data), record->type == RECORD_LINE);
		break;
	case RECORD_EXTRACTED:
		content_end(m);
		break;
	case RECORD_PADDING:
		break;
	default:
		log_warn("%s: unexpected record type %d in content", buf_c(&m->id), record->type);
		message_fail(m, CLEANUP_BAD, "unexpected record type in content");
	}
}
