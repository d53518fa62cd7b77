/*
 * Lists in values: words, and braces that keep words together.
 */
#include "global/config/config.h"
#include "util/text/chars.h"
#include "util/text/cursor.h"

/* Behind the '}' that matches the '{' where the cursor stands. */
static bool
skip_braces(struct cursor *in)
{
	size_t depth = 0;

	for (; !cursor_done(in); in->at++) {
		if (*in->at == '{')
			depth++;
		else if (*in->at == '}' && --depth == 0) {
			in->at++;
			return true;
		}
	}
	return false;
}

static bool
is_separator(char c)
{
	return c == ',' || char_is(c, CHAR_SPACE);
}

/* A word ends at a separator outside of braces: "inline:{a=b, c=d}" is one. */
bool
config_next_word(struct view *rest, struct view *word, struct buf *why)
{
	struct cursor in = cursor_of(*rest);
	const char *start;

	while (!cursor_done(&in) && is_separator(*in.at))
		in.at++;
	for (start = in.at; !cursor_done(&in) && !is_separator(*in.at);) {
		if (*in.at != '{') {
			in.at++;
		} else if (!skip_braces(&in)) {
			why_set(why, "missing '}' in \"%.*s\"", VIEW_ARG(*rest));
			return false;
		}
	}
	*word = view_bytes(start, (size_t)(in.at - start));
	*rest = cursor_rest(&in);
	return !view_empty(*word);
}

bool
config_brace_inner(struct view word, struct view *inner, struct buf *why)
{
	struct cursor in = cursor_of(view_trim(word));
	const char *start = in.at;

	if (cursor_peek(&in) != '{') {
		why_set(why, "missing '{' in \"%.*s\"", VIEW_ARG(word));
		return false;
	}
	if (!skip_braces(&in)) {
		why_set(why, "missing '}' in \"%.*s\"", VIEW_ARG(word));
		return false;
	}
	if (!cursor_done(&in)) {
		why_set(why, "text after '}' in \"%.*s\"", VIEW_ARG(word));
		return false;
	}
	*inner = view_trim(view_bytes(start + 1, (size_t)(in.at - start) - 2));
	return true;
}
