/*
 * content: the lines of the message. Header lines are gathered into logical headers; the body is passed on line by
 * line. A line comes as pieces (L … N) of any length and leaves in pieces of line_length_limit.
 */
#include "cleanup/message.h"
#include "util/log/log.h"

static void
check_size(struct message *m)
{
	long long limit = m->cleanup->config->message_size_max;

	if (m->writer == NULL || message_failed(m) || limit <= 0)
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

/* HM1: a CR or LF inside a line could end the data for the next server; each becomes a blank. */
static void
replace_stray(char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] == '\r' || data[i] == '\n')
			data[i] = ' ';
}

static bool
has_stray(struct view v)
{
	return v.len > 0 && (memchr(v.data, '\r', v.len) != NULL || memchr(v.data, '\n', v.len) != NULL);
}

/* -- the header section -------------------------------------------------------------------------------------------- */

static void
end_of_header(struct message *m)
{
	if (m->header.len > 0)
		header_finish(m);
	header_add_missing(m);
	content_put_line(m, VIEW_EMPTY);
	m->stage = STAGE_BODY;
}

static void
body_line(struct message *m, struct view line)
{
	struct buf replacement = BUF_INIT;
	enum check_verdict verdict = CHECK_KEEP;

	if ((m->flags & CLEANUP_FILTER) && !m->checks_passed && !maps_empty(m->cleanup->body_checks)
	    && m->body_checked < m->cleanup->config->body_checks_size_max)
		verdict = checks_apply(m, true, line, &replacement);
	m->body_checked += (long long)line.len + 1;
	if (replacement.len > 0)
		content_put_header(m, buf_view(&replacement));
	if (verdict == CHECK_KEEP)
		content_put_line(m, line);
	buf_fini(&replacement);
}

/* HM2: what goes beyond the limit is cut, and the next line is still read as a header. */
static void
gather(struct message *m, struct view line, bool continues)
{
	size_t max = (size_t)m->cleanup->config->header_size_max;
	size_t room = m->header.len < max ? max - m->header.len : 0;

	if (continues && room <= 1)
		return;
	if (continues)
		buf_putc(&m->header, '\n');
	buf_putv(&m->header, view_slice(line, 0, room));
}

static void
header_line(struct message *m, struct view line)
{
	bool blank = line.len > 0 && char_is(line.data[0], CHAR_BLANK);

	if (blank && m->header.len > 0) {
		gather(m, line, true);
		return;
	}
	if (m->header.len > 0)
		header_finish(m);
	buf_reset(&m->header);
	if (header_name_length(line) > 0) {
		gather(m, line, false);
		return;
	}
	end_of_header(m);
	if (line.len > 0)		/* HM3, HM4: no header; the empty line before it is ours */
		body_line(m, line);
}

/* -- lines from records -------------------------------------------------------------------------------------------- */

static void
take_line(struct message *m, struct view line)
{
	if (m->stage == STAGE_HEADER)
		header_line(m, line);
	else
		body_line(m, line);
}

/* Header lines are kept whole up to the limit; body lines are checked and passed on in pieces. */
static void
take_piece(struct message *m, const struct record *record)
{
	size_t max = m->stage == STAGE_HEADER ? (size_t)m->cleanup->config->header_size_max
	    : (size_t)m->cleanup->config->line_length_max;
	size_t start = m->line.len, room = m->line.len < max ? max - m->line.len : 0;
	struct view piece = record->data;

	buf_putv(&m->line, view_slice(piece, 0, m->stage == STAGE_HEADER ? room : piece.len));
	if (m->cleanup->config->replace_stray_cr_lf)
		replace_stray(m->line.data + start, m->line.len - start);
}

/* In the body a long line is let go as it grows, so that memory stays bounded. */
static void
let_go(struct message *m)
{
	size_t max = (size_t)m->cleanup->config->line_length_max;

	if (m->stage != STAGE_BODY || m->line.len < max)
		return;
	message_put(m, RECORD_LONG, view_slice(buf_view(&m->line), 0, max));
	buf_remove(&m->line, 0, max);
	check_size(m);
}

static void
text_record(struct message *m, const struct record *record)
{
	bool plain = m->line.len == 0 && !(m->cleanup->config->replace_stray_cr_lf && has_stray(record->data));

	if (record->type == RECORD_LINE && plain) {
		take_line(m, record->data);
		return;
	}
	take_piece(m, record);
	if (record->type == RECORD_LINE) {
		struct buf line = BUF_INIT;

		buf_swap(&line, &m->line);
		take_line(m, buf_view(&line));
		buf_swap(&line, &m->line);
		buf_reset(&m->line);
		buf_fini(&line);
	} else
		let_go(m);
}

void
content_end(struct message *m)
{
	struct record last = { .type = RECORD_LINE };

	if (m->line.len > 0)
		text_record(m, &last);
	if (m->stage == STAGE_HEADER)
		end_of_header(m);
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
		text_record(m, record);
		break;
	case RECORD_EXTRACTED:
		content_end(m);
		break;
	case RECORD_PADDING:
		break;
	default:
		log_warn("%s: unexpected record type %d in content", buf_c(&m->id), record->type);
		message_fail(m, CLEANUP_BAD, NULL);
	}
}
