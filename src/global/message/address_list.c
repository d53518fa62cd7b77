#include "global/message/address_list.h"

#include "global/address/address.h"
#include "util/text/chars.h"

enum token_type { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_COMMENT, TOKEN_LITERAL, TOKEN_SPECIAL };

struct token {
	enum token_type type;
	struct view text;	/* as written, delimiters included */
};

/* What a mailbox is gathered from, until its end shows what it was. */
struct gathering {
	struct buf internal, comments;
	const char *start, *end;
	enum token_type last;
};

void
address_list_init(struct address_list *list, struct view value, size_t token_limit, struct arena *arena)
{
	list->in = cursor_of(value);
	list->arena = arena;
	list->tokens_left = token_limit;
}

/* Takes up to and with the closing character; a backslash quotes. Without it the rest belongs to the token. */
static void
take_delimited(struct cursor *in, char close)
{
	char c;

	while (cursor_any(in, &c) && c != close)
		if (c == '\\')
			cursor_any(in, &c);
}

/* comment = "(" *([FWS] ccontent) [FWS] ")", RFC 5322, 3.2.2 */
static void
take_comment(struct cursor *in)
{
	unsigned depth = 1;
	char c;

	while (depth > 0 && cursor_any(in, &c)) {
		if (c == '\\')
			cursor_any(in, &c);
		else if (c == '(' && depth < COMMENT_DEPTH_MAX)
			depth++;
		else if (c == ')')
			depth--;
	}
}

static bool
is_word(const struct cursor *in)
{
	return !cursor_done(in) && !cursor_at(in, CHAR_SPACE) && memchr("()<>@,;:\\\".[]", *in->at, 13) == NULL;
}

static enum token_type
take_token(struct cursor *in)
{
	char c = 0;

	if (is_word(in)) {
		while (is_word(in))
			cursor_any(in, &c);
		return TOKEN_WORD;
	}
	cursor_any(in, &c);
	switch (c) {
	case '(':
		take_comment(in);
		return TOKEN_COMMENT;
	case '"':
		take_delimited(in, '"');
		return TOKEN_QUOTED;
	case '[':
		take_delimited(in, ']');
		return TOKEN_LITERAL;
	case '\\':
		cursor_any(in, &c);
		return TOKEN_WORD;
	default:
		return TOKEN_SPECIAL;
	}
}

static struct token
next_token(struct address_list *list)
{
	struct token token = { .type = TOKEN_END };
	const char *start;

	cursor_skip(&list->in, CHAR_SPACE);
	if (cursor_done(&list->in) || list->tokens_left == 0)
		return token;
	list->tokens_left--;
	start = list->in.at;
	token.type = take_token(&list->in);
	token.text = view_bytes(start, (size_t)(list->in.at - start));
	return token;
}

/* Folding is no part of the text (RFC 5322, 2.2.3), and no address has a line end in it. */
static void
put_unfolded(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\r' && text.data[i] != '\n')
			buf_putc(out, text.data[i]);
}

/* quoted-string or quoted-pair → what it means; a quote that is not itself quoted ends it. */
static void
put_unquoted(struct buf *out, struct view text)
{
	struct cursor in = cursor_of(text);
	bool string = cursor_byte(&in, '"');
	char c;

	while (cursor_any(&in, &c)) {
		if (c == '"' && string)
			return;
		if (c == '\\' && !cursor_any(&in, &c))
			return;
		put_unfolded(out, view_bytes(&c, 1));
	}
}

static bool
is_wordlike(enum token_type type)
{
	return type == TOKEN_WORD || type == TOKEN_QUOTED || type == TOKEN_LITERAL;
}

static void
gather(struct gathering *g, const struct token *token)
{
	bool apart = g->end != token->text.data;

	if (g->start == NULL)
		g->start = token->text.data;
	g->end = token->text.data + token->text.len;
	if (apart && is_wordlike(g->last) && is_wordlike(token->type))
		buf_putc(&g->internal, ' ');
	if (token->type == TOKEN_QUOTED || (token->type == TOKEN_WORD && token->text.data[0] == '\\'))
		put_unquoted(&g->internal, token->text);
	else
		put_unfolded(&g->internal, token->text);
	g->last = token->type;
}

/* A comment in front of an address lies outside; one behind its first token may turn out to lie inside. */
static void
gather_comment(struct gathering *g, const struct token *token)
{
	if (g->start == NULL)
		return;
	buf_putc(&g->comments, ' ');
	buf_putv(&g->comments, token->text);
}

static void
gathering_reset(struct gathering *g)
{
	buf_reset(&g->internal);
	buf_reset(&g->comments);
	g->start = g->end = NULL;
	g->last = TOKEN_END;
}

static bool
special(const struct token *token, char c)
{
	return token->type == TOKEN_SPECIAL && token->text.data[0] == c;
}

/* Comments that stand behind the last token of the address stay where they are. */
static void
keep_inner_comments(struct gathering *g)
{
	struct cursor in = { g->start, g->end };
	size_t inner = 0;

	if (g->start == NULL)
		return;
	while (!cursor_done(&in)) {
		const char *start = in.at;

		if (take_token(&in) == TOKEN_COMMENT)
			inner += (size_t)(in.at - start) + 1;
	}
	buf_truncate(&g->comments, inner < g->comments.len ? inner : g->comments.len);
}

static void
finish_item(struct address_list *list, struct gathering *g, bool angle, struct address_item *item)
{
	keep_inner_comments(g);
	item->span = view_bytes(g->start != NULL ? g->start : list->in.at, g->start != NULL ? (size_t)(g->end - g->start) : 0);
	item->internal = arena_view(list->arena, buf_view(&g->internal));
	item->comments = arena_view(list->arena, buf_view(&g->comments));
	item->angle = angle;
}

/* angle-addr = "<" addr-spec ">", with an optional route; the '<' is taken. */
static void
angle_address(struct address_list *list, struct gathering *g)
{
	struct token token;

	gathering_reset(g);
	g->start = g->end = list->in.at;
	for (;;) {
		token = next_token(list);
		if (token.type == TOKEN_END || special(&token, '>'))
			return;
		if (token.type == TOKEN_COMMENT) {
			gather_comment(g, &token);
			continue;
		}
		if (g->internal.len == 0 && g->last == TOKEN_END)
			g->start = token.text.data;
		gather(g, &token);
	}
}

/* Behind angle brackets the mailbox ends with the next comma, whatever stands in between. */
static void
skip_to_separator(struct address_list *list)
{
	struct address_list ahead = *list;
	struct token token;

	for (;;) {
		token = next_token(&ahead);
		if (token.type == TOKEN_END || special(&token, '<') || special(&token, ';'))
			return;
		*list = ahead;
		if (special(&token, ','))
			return;
	}
}

/* obs-route = obs-domain-list ":", obs-domain-list = "@" domain *( "," [ "@" domain ] ), RFC 5322, 4.4: the rest of it. */
static bool
rest_of_route(const struct address_list *list)
{
	enum { ROUTE_TOKENS_MAX = 100 };
	struct address_list ahead = *list;
	bool behind_comma = true;

	for (int i = 0; i < ROUTE_TOKENS_MAX; i++) {
		struct token token = next_token(&ahead);

		if (special(&token, ':'))
			return true;
		if (token.type == TOKEN_END || (token.type == TOKEN_SPECIAL && memchr("@,.", token.text.data[0], 3) == NULL))
			return false;
		if (behind_comma && !special(&token, ',') && !special(&token, '@') && token.type != TOKEN_COMMENT)
			return false;
		behind_comma = special(&token, ',') || (behind_comma && token.type == TOKEN_COMMENT);
	}
	return false;
}

/* Between "@" and ":" of a route neither comma nor colon divides the list. */
static bool
in_route(const struct gathering *g)
{
	return g->internal.len > 0 && g->internal.data[0] == '@' && view_find(buf_view(&g->internal), ':') < 0;
}

/* A comma was taken: does another address begin? */
static bool
separates(const struct address_list *list, const struct gathering *g, const struct token *token)
{
	return (special(token, ',') && !(in_route(g) && rest_of_route(list))) || special(token, ';');
}

/* True: the gathering holds a mailbox. */
static bool
mailbox(struct address_list *list, struct gathering *g, bool *angle)
{
	for (;;) {
		struct token token = next_token(list);

		if (token.type == TOKEN_END)
			return g->start != NULL;
		if (special(&token, '<')) {
			angle_address(list, g);
			return *angle = true;
		}
		if (token.type == TOKEN_COMMENT)
			gather_comment(g, &token);
		else if (special(&token, ':') && !in_route(g))
			gathering_reset(g);
		else if (separates(list, g, &token)) {
			if (g->start != NULL)
				return true;
		} else
			gather(g, &token);
	}
}

bool
address_list_next(struct address_list *list, struct address_item *item)
{
	struct gathering g = { .internal = BUF_INIT, .comments = BUF_INIT };
	bool angle = false;
	bool found = mailbox(list, &g, &angle);

	if (found)
		finish_item(list, &g, angle, item);
	if (found && angle)
		skip_to_separator(list);
	buf_fini(&g.internal);
	buf_fini(&g.comments);
	return found;
}

/* Appends the address in its new form, or as it stood when nothing changed. */
static bool
put_rewritten(const struct address_item *item, address_rewrite *rewrite, void *arg, struct buf *out)
{
	struct buf fresh = BUF_INIT;
	bool changed;

	rewrite(arg, item->internal, &fresh);
	changed = !view_equal(buf_view(&fresh), item->internal);
	if (!changed)
		buf_putv(out, item->span);
	else {
		address_quote(out, buf_view(&fresh));
		buf_putv(out, item->comments);
	}
	buf_fini(&fresh);
	return changed;
}

static size_t
column(const struct buf *out)
{
	size_t at = out->len;

	while (at > 0 && out->data[at - 1] != '\n')
		at--;
	return out->len - at;
}

/*
 * What stands between two addresses. A list that grows is folded behind a comma: whoever has to cut a line that is too
 * long for SMTP (RFC 5321, 4.5.3.1.6) would cut through an address.
 */
static void
put_between(struct view between, size_t next_len, struct buf *out)
{
	enum { LINE_LENGTH = 72 };
	size_t comma = view_starts(between, VIEW(">")) ? 1 : 0;

	if (comma < between.len && between.data[comma] == ',' && view_find(between, '\n') < 0 &&
	    column(out) + between.len + next_len > LINE_LENGTH) {
		buf_put(out, between.data, comma + 1);
		buf_puts(out, "\n\t");
		between = view_slice(between, comma + 1, between.len);
		while (between.len > 0 && char_is(between.data[0], CHAR_BLANK))
			between = view_slice(between, 1, between.len);
	}
	buf_putv(out, between);
}

bool
address_list_rewrite(struct view value, size_t token_limit, address_rewrite *rewrite, void *arg, struct buf *out)
{
	struct arena arena = ARENA_INIT;
	struct address_list list;
	struct address_item item;
	struct buf fresh = BUF_INIT;
	const char *copied = value.data;
	bool changed = false;

	buf_reset(out);
	address_list_init(&list, value, token_limit, &arena);
	while (address_list_next(&list, &item)) {
		buf_reset(&fresh);
		changed |= put_rewritten(&item, rewrite, arg, &fresh);
		put_between(view_bytes(copied, (size_t)(item.span.data - copied)), fresh.len, out);
		buf_putv(out, buf_view(&fresh));
		copied = item.span.data + item.span.len;
	}
	if (value.len > 0)
		buf_put(out, copied, (size_t)(value.data + value.len - copied));
	buf_fini(&fresh);
	arena_fini(&arena);
	return changed;
}

/* An '@' and a dot hold an address together. */
static bool
joins(char c)
{
	return c == '@' || c == '.';
}

struct view
address_list_divide(struct arena *arena, struct view value)
{
	char *copy;

	value = view_trim(value);
	if (view_find_any(value, " \t") < 0 || view_find_any(value, "\"<(:;\\") >= 0)
		return value;
	copy = arena_string(arena, value);
	for (size_t i = 0, end; i < value.len; i = end + 1) {	/* trimmed: there is something before and behind each blank */
		for (end = i; char_is(copy[end], CHAR_BLANK); end++)
			;
		if (end > i && !joins(copy[i - 1]) && !joins(copy[end]))
			memset(copy + i, ',', end - i);
	}
	return view_bytes(copy, value.len);
}
