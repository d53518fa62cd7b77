#include "global/config/expand.h"

#include "global/address/address.h"
#include "util/text/chars.h"
#include "util/text/cursor.h"

struct expansion {
	const struct expand_names *names;
	struct buf *out, *why;
	int depth;
	void (*each)(struct view name, void *arg);	/* only tell the names: follow every branch, look nothing up */
	void *each_arg;
};

static bool	expand_part(struct expansion *e, struct view text, struct buf *out);

static bool
bad(struct expansion *e, const char *what, struct view text)
{
	why_set(e->why, "%s in \"%.*s\"", what, (int)(text.len < 200 ? text.len : 200), text.len > 0 ? text.data : "");
	return false;
}

static bool
name_value(struct expansion *e, struct view name, struct buf *out)
{
	if (e->each != NULL) {
		e->each(name, e->each_arg);
		return true;
	}
	if (!e->names->value(e->names->arg, name, out, e->why))
		return false;
	return out->len <= EXPAND_SIZE_MAX || bad(e, "too much text", name);
}

/* The text between the bracket where the cursor stands and its partner, behind which it stands then. */
static bool
bracketed(struct cursor *in, char open, char close, struct view *inner)
{
	const char *start = in->at + 1;
	size_t depth = 0;

	for (const char *p = in->at; p < in->end; p++) {
		if (*p == open)
			depth++;
		else if (*p == close && --depth == 0) {
			*inner = view_bytes(start, (size_t)(p - start));
			in->at = p + 1;
			return true;
		}
	}
	return false;
}

static bool
braced(struct cursor *in, struct view *inner)
{
	return cursor_peek(in) == '{' && bracketed(in, '{', '}', inner);
}

/* -- comparisons ---------------------------------------------------------------------------------------------------- */

static bool
level_part(struct cursor *in, uint64_t *number)
{
	*number = 0;
	return cursor_done(in) || (cursor_u64(in, number) && (cursor_done(in) || cursor_byte(in, '.')));
}

bool
compatibility_level_compare(struct view a, struct view b, int *order)
{
	struct cursor x = cursor_of(a), y = cursor_of(b);
	uint64_t m, n;

	*order = 0;
	if (cursor_done(&x) || cursor_done(&y))
		return false;
	for (int i = 0; i < 3; i++) {
		if (!level_part(&x, &m) || !level_part(&y, &n))
			return false;
		if (*order == 0)
			*order = (m > n) - (m < n);
	}
	return cursor_done(&x) && cursor_done(&y);
}

static int
compare_values(struct view a, struct view b)
{
	unsigned long long m, n;

	if (view_number(a, &m) && view_number(b, &n))
		return (m > n) - (m < n);
	return view_compare(a, b);
}

static const struct operator {
	struct view text;
	bool less, equal, greater;	/* for which order it holds */
} operators[] = {
	{ VIEW_INIT("=="), false, true, false },
	{ VIEW_INIT("!="), true, false, true },
	{ VIEW_INIT("<="), true, true, false },
	{ VIEW_INIT(">="), false, true, true },
	{ VIEW_INIT("<"), true, false, false },
	{ VIEW_INIT(">"), false, false, true },
};

static const struct operator *
take_operator(struct cursor *in, bool *level)
{
	for (size_t i = 0; i < ARRAY_COUNT(operators); i++) {
		if (!cursor_literal(in, operators[i].text))
			continue;
		*level = cursor_literal(in, VIEW("level"));
		return &operators[i];
	}
	return NULL;
}

static bool
holds(struct expansion *e, const struct operator *op, bool level, struct view a, struct view b, bool *truth)
{
	int order = 0;

	if (!level)
		order = compare_values(a, b);
	else if (e->each == NULL && !compatibility_level_compare(a, b, &order))
		return bad(e, "bad compatibility level", view_number(a, &(unsigned long long){ 0 }) ? b : a);
	*truth = order < 0 ? op->less : order > 0 ? op->greater : op->equal;
	return true;
}

/* comparison = "{" text "}" operator "{" text "}" */
static bool
comparison(struct expansion *e, struct cursor *in, struct view whole, bool *truth)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	const struct operator *op;
	struct view left, right;
	bool level = false, done = false;

	if (!braced(in, &left))
		return bad(e, "missing '}'", whole);
	cursor_skip(in, CHAR_SPACE);
	if ((op = take_operator(in, &level)) == NULL)
		return bad(e, "missing operator (== != < <= >= >)", whole);
	cursor_skip(in, CHAR_SPACE);
	if (!braced(in, &right))
		return bad(e, "missing {text} after the operator", whole);
	if (expand_part(e, left, &a) && expand_part(e, right, &b))
		done = holds(e, op, level, buf_view(&a), buf_view(&b), truth);
	buf_fini(&a);
	buf_fini(&b);
	return done;
}

/* -- conditions ----------------------------------------------------------------------------------------------------- */

/* branch = "{" text "}" / text up to the end */
static bool
branch(struct expansion *e, struct cursor *in, struct view whole, struct view *text)
{
	struct cursor ahead = *in;

	cursor_skip(&ahead, CHAR_SPACE);
	if (cursor_peek(&ahead) == '{') {
		if (!braced(&ahead, text))
			return bad(e, "missing '}'", whole);
		cursor_skip(&ahead, CHAR_SPACE);
	} else {
		*text = cursor_rest(in);
		ahead.at = ahead.end;
	}
	*in = ahead;
	return true;
}

/* choice = [ "?" branch ] [ ":" branch ]. A bare comparison gives "true" or nothing. */
static bool
choice(struct expansion *e, struct cursor *in, struct view whole, bool truth, struct buf *out)
{
	struct view when_true = VIEW_EMPTY, when_false = VIEW_EMPTY;

	if (cursor_done(in))
		when_true = VIEW("true");
	if (cursor_byte(in, '?') && !branch(e, in, whole, &when_true))
		return false;
	if (cursor_byte(in, ':') && !branch(e, in, whole, &when_false))
		return false;
	if (!cursor_done(in))
		return bad(e, "unexpected text behind the condition", whole);
	if (e->each != NULL && !expand_part(e, truth ? when_false : when_true, out))
		return false;
	return expand_part(e, truth ? when_true : when_false, out);
}

/* -- functions ------------------------------------------------------------------------------------------------------ */

static bool
call_domain_to_ascii(struct view argument, struct buf *out)
{
	return domain_to_ascii(argument, out);
}

static const struct function {
	const char *name;
	bool (*call)(struct view argument, struct buf *out);
} functions[] = {
	{ "domain_to_ascii", call_domain_to_ascii },
};

static bool
call_function(struct expansion *e, struct view name, struct cursor *in, struct view whole, struct buf *out)
{
	struct buf argument = BUF_INIT;
	struct view text;
	size_t i;
	bool done;

	for (i = 0; i < ARRAY_COUNT(functions) && !view_is(name, functions[i].name); i++)
		;
	if (i == ARRAY_COUNT(functions))
		return bad(e, "unknown function", whole);
	if (!braced(in, &text) || !cursor_done(in))
		return bad(e, "missing '}'", whole);
	done = expand_part(e, text, &argument);
	if (done && e->each == NULL && !functions[i].call(buf_view(&argument), out))
		done = bad(e, "function refused its argument", whole);
	buf_fini(&argument);
	return done;
}

/* -- the whole ------------------------------------------------------------------------------------------------------ */

static bool
is_name_byte(char c)
{
	return char_is(c, CHAR_NAME) || c == '-' || c == '.';
}

static bool
name_condition(struct expansion *e, struct view name, struct cursor *in, struct view whole, struct buf *out)
{
	if (cursor_peek(in) != '?' && cursor_peek(in) != ':')
		return bad(e, "bad name or missing '?' or ':'", whole);
	if (e->each != NULL)
		e->each(name, e->each_arg);
	return choice(e, in, whole, e->each == NULL && e->names->has_text(e->names->arg, name), out);
}

/* What stands between "${" and "}". */
static bool
expand_bracketed(struct expansion *e, struct view body, struct buf *out)
{
	struct cursor in = cursor_of(body);
	const char *start;
	struct view name;
	bool truth;

	cursor_skip(&in, CHAR_SPACE);
	if (cursor_peek(&in) == '{') {
		if (!comparison(e, &in, body, &truth))
			return false;
		cursor_skip(&in, CHAR_SPACE);
		return choice(e, &in, body, truth, out);
	}
	for (start = in.at; !cursor_done(&in) && is_name_byte(*in.at); in.at++)
		;
	name = view_bytes(start, (size_t)(in.at - start));
	if (view_empty(name))
		return bad(e, "missing name", body);
	if (cursor_peek(&in) == '{')
		return call_function(e, name, &in, body, out);
	cursor_skip(&in, CHAR_SPACE);
	return cursor_done(&in) ? name_value(e, name, out) : name_condition(e, name, &in, body, out);
}

/* The cursor stands behind a '$'. */
static bool
expand_dollar(struct expansion *e, struct cursor *in, struct view whole, struct buf *out)
{
	struct view inner;
	int next = cursor_peek(in);

	if (cursor_byte(in, '$')) {
		buf_putc(out, '$');
		return true;
	}
	if (next == '{' || next == '(') {
		if (!bracketed(in, (char)next, next == '{' ? '}' : ')', &inner))
			return bad(e, next == '{' ? "unbalanced: missing '}'" : "unbalanced: missing ')'", whole);
		return expand_bracketed(e, inner, out);
	}
	if (!cursor_class(in, CHAR_NAME, &inner))
		return bad(e, "'$' without a name (write $$ for a dollar sign)", whole);
	return name_value(e, inner, out);
}

static bool
expand_pieces(struct expansion *e, struct view text, struct buf *out)
{
	struct cursor in = cursor_of(text);
	struct view plain;

	while (cursor_until(&in, '$', &plain)) {
		buf_putv(out, plain);
		if (!expand_dollar(e, &in, text, out))
			return false;
	}
	buf_putv(out, cursor_rest(&in));
	return out->len <= EXPAND_SIZE_MAX || bad(e, "too much text", text);
}

static bool
expand_part(struct expansion *e, struct view text, struct buf *out)
{
	bool done;

	if (++e->depth > EXPAND_DEPTH_MAX)
		done = bad(e, "nested too deep", text);
	else
		done = expand_pieces(e, text, out);
	e->depth--;
	return done;
}

bool
expand_text(const struct expand_names *names, struct view text, struct buf *out, struct buf *why)
{
	struct expansion e = { .names = names, .why = why };

	return expand_part(&e, text, out);
}

void
expand_each_name(struct view text, void (*each)(struct view name, void *arg), void *arg)
{
	struct expansion e = { .each = each, .each_arg = arg };
	struct buf out = BUF_INIT;

	expand_part(&e, text, &out);
	buf_fini(&out);
}
