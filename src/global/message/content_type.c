#include "global/message/content_type.h"

#include "util/base/mem.h"
#include "util/text/cursor.h"

enum { COMMENTS_MAX = 100 };	/* depth; deeper parentheses are plain characters */

/* comment = "(" *([FWS] ccontent) [FWS] ")" (RFC 5322, 3.2.2) */
static void
skip_comment(struct cursor *in)
{
	unsigned depth = 0;
	char c;

	while (cursor_any(in, &c)) {
		if (c == '\\')
			cursor_any(in, &c);
		else if (c == '(' && depth < COMMENTS_MAX)
			depth++;
		else if (c == ')' && --depth == 0)
			return;
	}
}

static void
skip_blanks(struct cursor *in)
{
	while (cursor_skip(in, CHAR_SPACE) > 0 || cursor_peek(in) == '(')
		if (cursor_peek(in) == '(')
			skip_comment(in);
}

static bool
is_token_char(const struct cursor *in)
{
	return !cursor_done(in) && !cursor_at(in, CHAR_SPACE | CHAR_CONTROL | CHAR_TSPECIAL);
}

/* token = 1*<any (US-ASCII) CHAR except SPACE, CTLs, or tspecials> (RFC 2045, 5.1); eight bits are let pass */
static struct view
token(struct cursor *in)
{
	struct view text = { in->at, 0 };

	while (is_token_char(in)) {
		in->at++;
		text.len++;
	}
	skip_blanks(in);
	return text;
}

static void
quoted(struct cursor *in, struct buf *out)
{
	char c;

	while (cursor_any(in, &c) && c != '"') {
		if (c == '\\' && !cursor_any(in, &c))
			return;
		if (c != '\n' && c != '\r')
			buf_putc(out, c);
	}
}

/* value = token / quoted-string; without quotes all up to ';' or a blank, as some programs write boundaries */
static void
parameter_value(struct cursor *in, struct buf *out)
{
	if (cursor_byte(in, '"')) {
		quoted(in, out);
		return;
	}
	while (!cursor_done(in) && cursor_peek(in) != ';' && !cursor_at(in, CHAR_SPACE))
		buf_putc(out, *in->at++);
}

/* parameter = attribute "=" value, the first boundary counts */
static void
parameters(struct cursor *in, struct buf *boundary)
{
	struct buf value = BUF_INIT;
	struct view name, ignored;

	while (cursor_until(in, ';', &ignored)) {
		skip_blanks(in);
		name = token(in);
		if (!cursor_byte(in, '='))
			continue;
		skip_blanks(in);
		buf_reset(&value);
		parameter_value(in, &value);
		if (boundary->len == 0 && view_is_nocase(name, "boundary"))
			buf_set(boundary, buf_view(&value));
		if (!cursor_done(in) && cursor_peek(in) != ';')
			skip_blanks(in);
	}
	buf_fini(&value);
}

static enum content_kind
message_kind(struct view subtype)
{
	static const char *const inside[] = { "rfc822", "partial", "external-body", "global" };

	for (size_t i = 0; i < ARRAY_COUNT(inside); i++)
		if (view_is_nocase(subtype, inside[i]))
			return CONTENT_MESSAGE;
	return CONTENT_REPORT;
}

/* content = type "/" subtype *(";" parameter) (RFC 2045, 5.1) */
enum content_kind
content_type_parse(struct view value, struct buf *boundary)
{
	struct cursor in = cursor_of(value);
	struct view type, subtype = VIEW_EMPTY;

	buf_reset(boundary);
	skip_blanks(&in);
	type = token(&in);
	if (cursor_byte(&in, '/')) {
		skip_blanks(&in);
		subtype = token(&in);
	}
	if (view_is_nocase(type, "message"))
		return message_kind(subtype);
	if (!view_is_nocase(type, "multipart"))
		return CONTENT_TEXT;
	parameters(&in, boundary);
	return CONTENT_MULTIPART;
}

enum content_encoding
content_encoding_parse(struct view value)
{
	static const struct {
		const char *name;
		enum content_encoding encoding;
	} known[] = {
		{ "7bit", ENCODING_7BIT }, { "8bit", ENCODING_8BIT }, { "binary", ENCODING_BINARY },
		{ "quoted-printable", ENCODING_QUOTED_PRINTABLE }, { "base64", ENCODING_BASE64 },
	};
	struct cursor in = cursor_of(value);
	struct view name;

	skip_blanks(&in);
	name = token(&in);
	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (view_is_nocase(name, known[i].name))
			return known[i].encoding;
	return ENCODING_OTHER;
}
