/*
 * address_parse: paths of MAIL and RCPT (address.h). The wide form is a header-like address: words, dots and '@' with
 * blanks and comments between, perhaps behind a display name, in a group, or in a list of one; what is left when those
 * are gone must still be one address, or none. The strict form demands brackets and has no comments, names or lists; it
 * is no narrower otherwise, since others' senders have dots and at signs in odd places. All checks come before anything
 * is completed, and look at what the internal form, without its quotes, means to those who read it later.
 */
#include "global/address/address.h"

#include "util/text/chars.h"

enum { COMMENT_DEPTH_MAX = 20, BRACKET_DEPTH_MAX = 4, DOMAIN_SIZE_MAX = 255 };

struct mailbox {
	struct buf text;		/* internal form so far */
	size_t part;			/* where the local part or the domain begins: behind the last unquoted '@' */
	size_t group;			/* behind the first ':' of the local part: perhaps the name of a group */
	bool has_at;
	bool strict;			/* no comments, no display name, no list */
	bool word, quoted;		/* the last token was a word; in quotes */
	bool ended;			/* a separator stands behind it */
};

static bool
fail(struct buf *why, const char *phrase)
{
	why_set(why, "%s", phrase);
	return false;
}

/* -- where a path ends --------------------------------------------------------------------------------------------- */

/* Takes a quoted string or pair whole, else one byte. */
static void
skip_element(struct cursor *in)
{
	char c;

	if (cursor_byte(in, '\\')) {
		cursor_any(in, &c);
		return;
	}
	if (!cursor_byte(in, '"')) {
		cursor_any(in, &c);
		return;
	}
	while (cursor_any(in, &c) && c != '"') {
		if (c == '\\')
			cursor_any(in, &c);
	}
}

/* "<…>", quotes and inner brackets respected. */
static bool
bracketed_extent(struct cursor *in, struct view *inner)
{
	const char *start = in->at + 1;
	int depth = 0;

	while (!cursor_done(in)) {
		if (cursor_peek(in) == '<' && ++depth > BRACKET_DEPTH_MAX)
			return false;
		if (cursor_peek(in) == '>' && --depth == 0) {
			*inner = view_bytes(start, (size_t)(in->at - start));
			return cursor_byte(in, '>');
		}
		skip_element(in);
	}
	return false;
}

/* Without brackets: up to a blank outside quotes. */
static bool
bare_extent(struct cursor *in, struct view *inner)
{
	const char *start = in->at;

	while (!cursor_done(in) && !cursor_at(in, CHAR_BLANK))
		skip_element(in);
	*inner = view_bytes(start, (size_t)(in->at - start));
	if (view_ends(*inner, VIEW(">")) && view_find(*inner, '<') < 0)	/* some clients lose the first one */
		inner->len--;
	return in->at > start;
}

/* -- parts (RFC 5321, 4.1.2) ------------------------------------------------------------------------------------------ */

/* One step of a route: a literal, or a byte of a domain or between two. */
static bool
route_element(struct cursor *in)
{
	struct view literal;

	if (cursor_byte(in, '['))
		return cursor_until(in, ']', &literal);
	if (!cursor_at(in, CHAR_ATEXT | CHAR_UTF8) && memchr(".,@", cursor_peek(in), 3) == NULL)
		return false;
	in->at++;
	return true;
}

/* At-domain = "@" Domain; A-d-l = At-domain *( "," At-domain ), followed by ":"; any domain may be missing. */
static bool
source_route(struct cursor *in)
{
	struct cursor at = *in;

	if (!cursor_byte(&at, '@'))
		return false;
	while (!cursor_done(&at) && route_element(&at))
		;
	if (!cursor_byte(&at, ':'))
		return false;
	*in = at;
	return true;
}

/* Quoted-string = DQUOTE *( qtextSMTP / quoted-pairSMTP ) DQUOTE; a tab is a blank. */
static bool
quoted_string(struct cursor *in, struct buf *out)
{
	char c;

	if (!cursor_byte(in, '"'))
		return false;
	while (cursor_any(in, &c)) {
		if (c == '"')
			return true;
		if (c == '\\' && !cursor_any(in, &c))
			return false;
		if (char_is(c, CHAR_CONTROL) && c != '\t')
			return false;
		buf_putc(out, c == '\t' ? ' ' : c);
	}
	return false;
}

/* -- a mailbox as in headers ------------------------------------------------------------------------------------------ */

/* One that does not end takes the rest with it. */
static bool
skip_comment(struct cursor *in)
{
	int depth = 0;
	char c;

	while (cursor_any(in, &c)) {
		if (c == '(' && ++depth > COMMENT_DEPTH_MAX)
			return false;
		if (c == ')' && --depth == 0)
			return true;
		if (c == '\\')
			cursor_any(in, &c);
	}
	return true;
}

/* Blanks and, where they may be, comments; gap tells whether there were any. */
static bool
skip_gap(struct cursor *in, bool comments, bool *gap)
{
	*gap = false;
	for (;;) {
		if (cursor_skip(in, CHAR_BLANK) > 0) {
			*gap = true;
		} else if (comments && cursor_peek(in) == '(') {
			*gap = true;
			if (!skip_comment(in))
				return false;
		} else {
			return true;
		}
	}
}

/* "[…]", all there is of its part; the end may be missing. */
static bool
literal_word(struct cursor *in, struct mailbox *box)
{
	struct view inside;

	if (box->text.len != box->part || !cursor_byte(in, '['))
		return false;
	if (!cursor_until(in, ']', &inside)) {
		inside = cursor_rest(in);
		in->at += inside.len;
	}
	buf_printf(&box->text, "[%.*s]", VIEW_ARG(inside));
	return true;
}

static bool
pair_word(struct cursor *in, struct mailbox *box)
{
	char c;

	if (!cursor_byte(in, '\\') || !cursor_any(in, &c) || char_is(c, CHAR_CONTROL))
		return false;
	buf_putc(&box->text, c);
	return true;
}

static bool
wide_word(struct cursor *in, struct mailbox *box)
{
	struct view atom;

	if (cursor_class(in, CHAR_ATEXT | CHAR_UTF8, &atom)) {
		buf_putv(&box->text, atom);
		return true;
	}
	switch (cursor_peek(in)) {
	case '[':
		return literal_word(in, box);
	case '"':
		box->quoted = true;
		return quoted_string(in, &box->text);
	case ')':
		buf_putc(&box->text, ')');
		return cursor_byte(in, ')');
	default:
		return pair_word(in, box);
	}
}

static bool
at_sign(struct cursor *in, struct mailbox *box)
{
	if ((box->strict && box->text.len == 0) || !cursor_byte(in, '@'))
		return false;
	buf_putc(&box->text, '@');
	box->has_at = true;
	box->word = false;
	box->part = box->text.len;
	return true;
}

/* Dots anywhere, colons in a local part. */
static bool
dot_or_colon(struct cursor *in, struct mailbox *box)
{
	char c = cursor_peek(in);

	if (c != '.' && (c != ':' || box->has_at))
		return false;
	in->at++;
	buf_putc(&box->text, c);
	box->word = false;
	if (c == ':' && box->group == 0)
		box->group = box->text.len;
	return true;
}

/* "a,", ",a" and "name:a;" are lists of one. */
static bool
separator(struct cursor *in, struct mailbox *box)
{
	char c = cursor_peek(in);

	if (box->strict || (c != ',' && c != ';'))
		return false;
	in->at++;
	if (c == ';' && box->group > 0) {
		buf_remove(&box->text, 0, box->group);
		box->group = 0;
	}
	box->ended = box->text.len > 0;
	return true;
}

static bool
wide_token(struct cursor *in, bool gap, struct mailbox *box)
{
	if (separator(in, box))
		return true;
	if (box->ended)
		return false;
	if (cursor_peek(in) == '@')
		return at_sign(in, box);
	if (dot_or_colon(in, box))
		return true;
	if (box->word && (gap || box->quoted || cursor_peek(in) == '"'))
		return false;
	box->word = true;
	box->quoted = false;
	return wide_word(in, box);
}

/* display-name "<" … ">": moves into the brackets, which must be the last thing; strict: and the first. */
static bool
enter_brackets(struct cursor *in, bool strict, struct buf *why)
{
	struct cursor at = *in;
	struct view inner;
	bool gap;

	while (!cursor_done(&at) && cursor_peek(&at) != '<') {
		if (strict && !cursor_at(&at, CHAR_BLANK))
			return true;
		skip_element(&at);
	}
	if (cursor_done(&at))
		return true;
	if (!bracketed_extent(&at, &inner) || !skip_gap(&at, !strict, &gap) || !cursor_done(&at))
		return fail(why, "unbalanced brackets");
	*in = cursor_of(inner);
	return true;
}

static bool
wide_mailbox(struct cursor *in, struct mailbox *box, struct buf *why)
{
	bool gap;

	if (!enter_brackets(in, box->strict, why))
		return false;
	if (!skip_gap(in, !box->strict, &gap))
		return fail(why, "unbalanced comment");
	while (source_route(in) && !box->strict)
		;
	while (skip_gap(in, !box->strict, &gap)) {
		if (cursor_done(in))
			return true;
		if (!wide_token(in, gap, box))
			return fail(why, "bad syntax");
	}
	return fail(why, "unbalanced comment");
}

/* -- both ------------------------------------------------------------------------------------------------------------ */

/* Wider than a host name (numeric, odd characters: the resolver judges them), yet something one can split and quote. */
static bool
wide_domain_valid(struct view domain)
{
	bool after_dot = true, hyphen = false;

	if (domain.len == 0 || domain.len > DOMAIN_SIZE_MAX)
		return false;
	if (domain.data[0] == '[')
		return domain_valid_literal(domain);
	for (size_t i = 0; i < domain.len; i++) {
		if (domain.data[i] == '.' ? after_dot || hyphen : !char_is(domain.data[i], CHAR_ATEXT | CHAR_UTF8))
			return false;
		hyphen = domain.data[i] == '-';
		if (after_dot && hyphen)
			return false;
		after_dot = domain.data[i] == '.';
	}
	return !after_dot && !hyphen;
}

/* The internal form is what those behind us read: its last '@' divides, whether it was quoted or not (AD7). */
static bool
mailbox_done(const struct mailbox *box, struct arena *arena, struct address *out, struct buf *why)
{
	struct view text = buf_view(&box->text), local = text, domain = VIEW_EMPTY;

	if (address_split(text, &local, &domain)) {
		if (domain.len > 1 && domain.data[domain.len - 1] == '.')
			domain.len--;
		if (!wide_domain_valid(domain))
			return fail(why, "bad domain");
	}
	if (box->strict && view_empty(local) && !view_empty(domain))
		return fail(why, "empty local part");
	out->local = arena_view(arena, local);
	out->domain = arena_view(arena, domain);
	out->needs_smtputf8 = !view_is_ascii(text);
	return true;
}

static bool
parse_inner(struct view inner, bool strict, struct arena *arena, struct address *out, struct buf *why)
{
	struct mailbox box = { .text = BUF_INIT, .strict = strict };
	struct cursor in = cursor_of(view_trim(inner));
	bool parsed;

	parsed = wide_mailbox(&in, &box, why) && mailbox_done(&box, arena, out, why);
	buf_fini(&box.text);
	return parsed;
}

bool
address_parse_path(struct cursor *in, bool strict, struct arena *arena, struct address *out, struct buf *why)
{
	struct cursor at = *in;
	struct view inner;

	if (!strict)
		cursor_skip(&at, CHAR_BLANK);
	if (cursor_peek(&at) == '<') {
		if (!bracketed_extent(&at, &inner))
			return fail(why, "unbalanced brackets");
		cursor_byte(&at, '>');		/* some clients have one too many */
	} else if (strict || !bare_extent(&at, &inner)) {
		return fail(why, "no brackets");
	}
	if (!parse_inner(inner, strict, arena, out, why))
		return false;
	*in = at;
	return true;
}
