#include "postalias/alias_line.h"

#include "global/address/address.h"
#include "util/text/chars.h"

/*
 * How far the text goes until one of the ends stands outside double quotes and comments. A backslash takes the next
 * character.
 */
static size_t
length_until(struct view text, const char *ends)
{
	bool quoted = false;
	int depth = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '\\' && i + 1 < text.len)
			i++;
		else if (c == '"' && depth == 0)
			quoted = !quoted;
		else if (c == '(' && !quoted)
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (!quoted && depth == 0 && strchr(ends, c) != NULL)
			break;
	}
	return i;
}

/* Neither words nor a domain outside of quotes: local(8) would never ask for such a name. */
static bool
is_local_name(struct view text)
{
	return text.len > 0 && length_until(text, " \t\r\n@") == text.len;
}

static bool
parse_name(struct view text, struct buf *name, struct buf *why)
{
	struct buf internal = BUF_INIT;
	bool good = is_local_name(text) && address_unquote(&internal, text) && internal.len > 0;

	buf_reset(name);
	if (good)
		address_quote(name, buf_view(&internal));
	else
		why_set(why, "name must be local: \"%.*s\"", VIEW_ARG(text));
	buf_fini(&internal);
	return good;
}

/* One value: blanks outside quotes become one. */
static void
put_value(struct buf *out, struct view text)
{
	struct view rest = text, word;
	bool first = true;

	while ((rest = view_trim(rest)).len > 0) {
		word = view_slice(rest, 0, length_until(rest, " \t\r\n"));
		rest = view_slice(rest, word.len, rest.len);
		if (!first)
			buf_putc(out, ' ');
		buf_putv(out, word);
		first = false;
	}
}

static void
put_values(struct buf *out, struct view text)
{
	size_t len;

	buf_reset(out);
	for (;; text = view_slice(text, len + 1, text.len)) {
		struct view value;

		len = length_until(text, ",");
		value = view_trim(view_slice(text, 0, len));
		if (value.len > 0 && out->len > 0)
			buf_puts(out, ", ");
		put_value(out, value);
		if (len >= text.len)
			break;
	}
}

bool
alias_line_parse(struct view line, struct buf *name, struct buf *values, struct buf *why)
{
	size_t len = length_until(line, ":");

	if (len == line.len) {
		why_set(why, "need name:value pair");
		return false;
	}
	if (!parse_name(view_trim(view_slice(line, 0, len)), name, why))
		return false;
	put_values(values, view_slice(line, len + 1, line.len));
	if (values->len == 0)
		why_set(why, "no value for alias \"%s\"", buf_c(name));
	return values->len > 0;
}
