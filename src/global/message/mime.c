#include "global/message/mime.h"

#include "global/message/content_type.h"
#include "global/message/quoted_printable.h"
#include "util/base/mem.h"
#include "util/text/chars.h"

/*
 * A line is known for what it is by its first bytes, which may come in several pieces: a header by its name, the end of a
 * part by its boundary.
 */
enum { NAME_MAX_LENGTH = 1000 };

enum line_kind { LINE_NEW, LINE_HEADER, LINE_BODY };

struct level {				/* an open multipart */
	struct buf boundary;
	size_t depth;			/* of what encloses its parts */
};

struct mime {
	const struct mime_policy *policy;
	const struct mime_handler *handler;
	void *arg;
	struct buf start;		/* the first bytes of a line we do not know yet */
	enum line_kind line;		/* what the line under way is */
	bool in_header;
	enum mime_section section;
	struct buf header;		/* the field under way */
	bool skips_field;		/* its bytes are over the limit */

	/* the body that this header is for */
	enum content_kind kind;
	enum content_encoding encoding;
	bool has_encoding;
	struct buf boundary, encoding_field;
	bool encodes;			/* the body is turned into quoted-printable */
	struct quoted_printable encoder;

	struct level *levels;
	size_t level_count, level_room;
	size_t depth;			/* of the present part: multiparts and messages around it */
	unsigned reported;		/* faults, by bit */
};

const char *
mime_fault_text(enum mime_fault fault)
{
	static const char *const texts[] = {
		[MIME_FAULT_NESTING] = "MIME nesting exceeds safety limit",
		[MIME_FAULT_8BIT_HEADER] = "improper use of 8-bit data in message header",
		[MIME_FAULT_8BIT_BODY] = "improper use of 8-bit data in message body",
		[MIME_FAULT_ENCODING_DOMAIN] = "invalid message/* or multipart/* encoding domain",
		[MIME_FAULT_NO_EMPTY_LINE] = "message header was terminated with non-empty line",
	};

	return texts[fault];
}

static void
report(struct mime *m, enum mime_fault fault, struct view culprit)
{
	if (m->handler->fault == NULL || (m->reported & 1u << fault) != 0)
		return;
	m->reported |= 1u << fault;
	m->handler->fault(m->arg, fault, culprit);
}

/* -- bodies ------------------------------------------------------------------------------------------------------------ */

static void
encoded_line(void *arg, struct view line)
{
	struct mime *m = arg;

	m->handler->body(m->arg, line, true);
}

static void
put_body(struct mime *m, struct view piece, bool complete)
{
	if (!m->encodes) {
		m->handler->body(m->arg, piece, complete);
		return;
	}
	quoted_printable_put(&m->encoder, piece, encoded_line, m);
	if (complete)
		quoted_printable_end_line(&m->encoder, encoded_line, m);
}

static bool
says_7bit(const struct mime *m)
{
	return m->encoding == ENCODING_7BIT || m->encoding == ENCODING_QUOTED_PRINTABLE || m->encoding == ENCODING_BASE64;
}

static void
body_piece(struct mime *m, struct view piece, bool complete)
{
	if (m->handler->fault != NULL && says_7bit(m) && !view_is_ascii(piece))
		report(m, MIME_FAULT_8BIT_BODY, piece);
	put_body(m, piece, complete);
}

/* -- parts ------------------------------------------------------------------------------------------------------------- */

static void
forget_body(struct mime *m)
{
	m->kind = CONTENT_TEXT;
	m->encoding = ENCODING_7BIT;
	m->has_encoding = m->encodes = false;
	buf_reset(&m->boundary);
	buf_reset(&m->encoding_field);
}

static void
begin_header(struct mime *m, enum mime_section section)
{
	forget_body(m);
	m->in_header = true;
	m->section = section;
}

static void
push_level(struct mime *m)
{
	if (m->level_count == m->level_room) {
		size_t room = m->level_room > 0 ? 2 * m->level_room : 8;

		m->levels = mem_resize(m->levels, room * sizeof(*m->levels));
		memset(m->levels + m->level_room, 0, (room - m->level_room) * sizeof(*m->levels));
		m->level_room = room;
	}
	buf_set(&m->levels[m->level_count].boundary, view_slice(buf_view(&m->boundary), 0, m->policy->boundary_max));
	m->levels[m->level_count++].depth = m->depth;
}

static bool
matches(const struct level *level, struct view line)
{
	return view_starts(view_slice(line, 2, line.len), buf_view(&level->boundary));
}

/*
 * delimiter := CRLF "--" boundary (RFC 2046, 5.1.1): the beginning of the line counts. The boundary of an outer multipart
 * ends all inner ones.
 */
static bool
find_boundary(const struct mime *m, struct view line, size_t *level)
{
	if (m->level_count == 0 || !view_starts(line, VIEW("--")))
		return false;
	for (size_t i = m->level_count; i > 0; i--)
		if (matches(&m->levels[i - 1], line)) {
			*level = i - 1;
			return true;
		}
	return false;
}

static void
cross_boundary(struct mime *m, size_t at, struct view line)
{
	const struct level *level = &m->levels[at];
	bool closes = view_starts(view_slice(line, 2 + level->boundary.len, line.len), VIEW("--"));

	m->depth = level->depth;
	m->level_count = closes ? at : at + 1;
	if (closes) {
		forget_body(m);		/* the epilogue */
		m->in_header = false;
	} else {
		begin_header(m, MIME_PART);
	}
}

/* -- headers ----------------------------------------------------------------------------------------------------------- */

static void
note_encoding(struct mime *m, struct view value, struct view text)
{
	m->encoding = content_encoding_parse(value);
	m->has_encoding = true;
	buf_set(&m->encoding_field, text);
}

/* The encoding's own field is held back while it may change. */
static bool
note_field(struct mime *m, const struct header_name *name, struct view value, struct view text)
{
	if ((m->policy->flags & MIME_STRUCTURE) == 0)
		return false;
	if (name->type == HEADER_CONTENT_TYPE)
		m->kind = content_type_parse(value, &m->boundary);
	if (name->type != HEADER_CONTENT_TRANSFER_ENCODING)
		return false;
	note_encoding(m, value, text);
	return (m->policy->flags & MIME_TO_7BIT) != 0;
}

/* What was cut must not end in half a fold, which would be an empty line to some (HM2). */
static void
trim_cut(struct mime *m)
{
	while (m->skips_field && m->header.len > 0 && char_is(m->header.data[m->header.len - 1], CHAR_SPACE))
		buf_truncate(&m->header, m->header.len - 1);
	m->skips_field = false;
}

static void
finish_field(struct mime *m)
{
	const struct header_name *known;
	struct view text, name, value;

	trim_cut(m);
	text = buf_view(&m->header);
	if (header_split(text, &name, &value)) {
		known = header_find(name);
		if (m->handler->fault != NULL && !view_is_ascii(text))
			report(m, MIME_FAULT_8BIT_HEADER, text);
		if (!note_field(m, known, value, text))
			m->handler->header(m->arg, m->section, known, text);
		if (known->type == HEADER_CONTENT_TYPE && m->kind != CONTENT_TEXT && m->depth >= m->policy->nesting_max) {
			report(m, MIME_FAULT_NESTING, text);
			m->kind = CONTENT_REPORT;
		}
	}
	buf_reset(&m->header);
}

static void
put_encoding_field(struct mime *m, const char *encoding)
{
	struct view name, value, text = buf_view(&m->encoding_field);
	struct buf changed = BUF_INIT;

	if (encoding != NULL) {
		buf_printf(&changed, "Content-Transfer-Encoding: %s", encoding);
		text = buf_view(&changed);
	}
	if (header_split(text, &name, &value))
		m->handler->header(m->arg, m->section, header_find(name), text);
	buf_fini(&changed);
}

/*
 * What has eight bits and may be encoded will be; what encloses others is then clean (RFC 2045, 6.4). HM9: reports are
 * never encoded, since those who read them do not decode.
 */
static void
settle_encoding(struct mime *m)
{
	bool eight = m->encoding == ENCODING_8BIT || m->encoding == ENCODING_BINARY;

	if ((m->policy->flags & MIME_TO_7BIT) == 0 || !m->has_encoding)
		return;
	m->encodes = eight && m->kind == CONTENT_TEXT;
	if (m->encodes)
		put_encoding_field(m, "quoted-printable");
	else
		put_encoding_field(m, eight && m->kind != CONTENT_REPORT ? "7bit" : NULL);
}

static void
check_domain(struct mime *m)
{
	if (m->has_encoding && (m->kind == CONTENT_MULTIPART || m->kind == CONTENT_MESSAGE) &&
	    m->encoding != ENCODING_7BIT && m->encoding != ENCODING_8BIT && m->encoding != ENCODING_BINARY)
		report(m, MIME_FAULT_ENCODING_DOMAIN, buf_view(&m->encoding_field));
}

static void
end_header(struct mime *m, bool empty_line)
{
	finish_field(m);
	check_domain(m);
	settle_encoding(m);
	if (m->handler->end_of_header != NULL)
		m->handler->end_of_header(m->arg, m->section, empty_line || m->section == MIME_PRIMARY);
	m->in_header = false;
	if (m->kind == CONTENT_MULTIPART && m->boundary.len > 0) {
		m->depth++;
		push_level(m);
	} else if (m->kind == CONTENT_MESSAGE) {
		m->depth++;
		begin_header(m, MIME_NESTED);
	}
}

/* HM2: what goes beyond the limit is cut, and the next line is still read as a header. */
static void
gather(struct mime *m, struct view piece)
{
	size_t room = m->header.len < m->policy->header_max ? m->policy->header_max - m->header.len : 0;

	buf_putv(&m->header, view_slice(piece, 0, m->skips_field ? 0 : room));
	m->skips_field = m->skips_field || piece.len > room;
}

static void
begin_continuation(struct mime *m, struct view line)
{
	gather(m, VIEW("\n"));
	gather(m, line);
	m->line = LINE_HEADER;
}

/* -- lines ------------------------------------------------------------------------------------------------------------- */

static void
body_line(struct mime *m, struct view line, bool complete)
{
	size_t level;

	m->line = LINE_BODY;
	if (!find_boundary(m, line, &level)) {
		body_piece(m, line, complete);
		return;
	}
	cross_boundary(m, level, line);
	m->handler->body(m->arg, line, complete);
}

/* HM3, HM4: a line that is no header ends it; only behind the message's own header it gets an empty line before it. */
static void
line_behind_header(struct mime *m, struct view line, bool complete)
{
	finish_field(m);
	if (m->section == MIME_PRIMARY)
		report(m, MIME_FAULT_NO_EMPTY_LINE, line);
	end_header(m, false);
	if (m->in_header)		/* a message without header inside another: its text begins */
		end_header(m, false);
	body_line(m, line, complete);
}

static void
header_line(struct mime *m, struct view line, bool complete)
{
	size_t level;

	if (m->header.len > 0 && line.len > 0 && char_is(line.data[0], CHAR_BLANK)) {
		begin_continuation(m, line);
		return;
	}
	if (find_boundary(m, line, &level)) {
		end_header(m, false);
		body_line(m, line, complete);
	} else if (header_name_length(view_slice(line, 0, NAME_MAX_LENGTH)) > 0) {
		finish_field(m);
		gather(m, line);
		m->line = LINE_HEADER;
	} else if (line.len == 0 && complete) {
		end_header(m, true);
	} else {
		line_behind_header(m, line, complete);
	}
}

static void
begin_line(struct mime *m, struct view line, bool complete)
{
	if (m->in_header)
		header_line(m, line, complete);
	else
		body_line(m, line, complete);
	if (complete)
		m->line = LINE_NEW;
}

static void
continue_line(struct mime *m, struct view piece, bool complete)
{
	if (m->line == LINE_HEADER)
		gather(m, piece);
	else
		body_piece(m, piece, complete);
	if (complete)
		m->line = LINE_NEW;
}

/* Is so much of a line enough to know what it is? */
static bool
telling(const struct mime *m, size_t len)
{
	size_t boundary = m->level_count > 0 ? m->policy->boundary_max + 4 : 0;

	return len >= (m->in_header && boundary < NAME_MAX_LENGTH ? NAME_MAX_LENGTH : boundary);
}

void
mime_line(struct mime *m, struct view piece, bool complete)
{
	if (m->line != LINE_NEW) {
		continue_line(m, piece, complete);
		return;
	}
	if (m->start.len == 0 && (complete || telling(m, piece.len))) {
		begin_line(m, piece, complete);
		return;
	}
	buf_putv(&m->start, piece);
	if (complete || telling(m, m->start.len)) {
		begin_line(m, buf_view(&m->start), complete);
		buf_reset(&m->start);
	}
}

void
mime_end(struct mime *m)
{
	if (m->start.len > 0 || m->line != LINE_NEW)
		mime_line(m, VIEW_EMPTY, true);
	while (m->in_header)
		end_header(m, false);
}

bool
mime_in_header(const struct mime *m)
{
	return m->in_header && m->section == MIME_PRIMARY;
}

struct mime *
mime_new(const struct mime_policy *policy, const struct mime_handler *handler, void *arg)
{
	struct mime *m = mem_new(sizeof(*m));

	m->policy = policy;
	m->handler = handler;
	m->arg = arg;
	begin_header(m, MIME_PRIMARY);
	return m;
}

void
mime_free(struct mime *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->level_room; i++)
		buf_fini(&m->levels[i].boundary);
	mem_free(m->levels);
	quoted_printable_fini(&m->encoder);
	buf_fini(&m->start);
	buf_fini(&m->header);
	buf_fini(&m->boundary);
	buf_fini(&m->encoding_field);
	mem_free(m);
}
