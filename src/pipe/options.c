/* options: the attributes in front of argv=. */
#include "pipe/pipe.h"
#include "util/base/number.h"

static const struct {
	char letter;
	unsigned copy, flags;
} flags[] = {
	{ 'B', COPY_BLANK_LINE, 0 },
	{ 'D', COPY_DELIVERED_TO, 0 },
	{ 'F', COPY_FROM_LINE, 0 },
	{ 'O', COPY_ORIGINAL_TO, 0 },
	{ 'R', COPY_RETURN_PATH, 0 },
	{ 'X', 0, PIPE_FINAL },
	{ 'h', 0, PIPE_FOLD_DOMAIN },
	{ 'q', 0, PIPE_QUOTE },
	{ 'u', 0, PIPE_FOLD_LOCAL },
	{ '.', COPY_DOT_STUFF, 0 },
	{ '>', COPY_QUOTE_FROM, 0 },
};

static bool
parse_flag(char letter, struct pipe_options *out, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
		if (flags[i].letter == letter) {
			out->copy |= flags[i].copy;
			out->flags |= flags[i].flags;
			return true;
		}
	}
	why_set(why, "flags=: unknown flag: %c", letter);
	return false;
}

/* C escapes: \a \b \f \n \r \t \v \\ and one to three octal digits */
static char
parse_escape(struct cursor *in)
{
	static const char letters[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
	const char *found;
	int value = 0;
	char c = '\\';

	if (!cursor_any(in, &c))
		return '\\';
	if ((found = strchr(letters, c)) != NULL)
		return meanings[found - letters];
	if (c < '0' || c > '7')
		return c;
	for (int digits = 1; value = value * 8 + (c - '0'), digits < 3; digits++)
		if (cursor_peek(in) < '0' || cursor_peek(in) > '7' || !cursor_any(in, &c))
			break;
	return (char)value;
}

static const char *
parse_line_end(const char *text, struct arena *arena)
{
	struct cursor in = cursor_of(view_string(text));
	char *out = arena_alloc(arena, strlen(text) + 1), *at = out, c;

	while (cursor_any(&in, &c))
		*at++ = c == '\\' ? parse_escape(&in) : c;
	return out;
}

static bool
parse_size(const char *text, struct pipe_options *out, struct buf *why)
{
	unsigned long long size;

	if (!view_number(view_string(text), &size) || size > (1ULL << 62)) {
		why_set(why, "size=%s: not a number of bytes", text);
		return false;
	}
	out->size_max = (long long)size;
	return true;
}

static bool
parse_flags(const char *text, struct pipe_options *out, struct buf *why)
{
	for (; *text != '\0'; text++)
		if (!parse_flag(*text, out, why))
			return false;
	return true;
}

static bool
parse_attribute(const char *text, struct arena *arena, struct pipe_options *out, struct buf *why)
{
	struct view name, value;
	const char *rest;

	if (!view_split(view_string(text), '=', &name, &value)) {
		why_set(why, "not of the form name=value: %s", text);
		return false;
	}
	rest = text + name.len + 1;
	if (view_is(name, "flags"))
		return parse_flags(rest, out, why);
	if (view_is(name, "size"))
		return parse_size(rest, out, why);
	if (view_is(name, "user"))
		out->user = rest;
	else if (view_is(name, "directory"))
		out->directory = rest;
	else if (view_is(name, "chroot"))
		out->chroot = rest;
	else if (view_is(name, "null_sender"))
		out->null_sender = rest;
	else if (view_is(name, "eol"))
		out->line_end = parse_line_end(rest, arena);
	else {
		why_set(why, "unknown attribute name: %.*s", VIEW_ARG(name));
		return false;
	}
	return true;
}

static char *const *
take_argv(char *const *arguments, struct arena *arena)
{
	size_t count = 0;
	char **argv;

	while (arguments[count] != NULL)
		count++;
	argv = arena_alloc_array(arena, count + 1, sizeof(*argv));
	for (size_t i = 0; i < count; i++)
		argv[i] = arguments[i];
	argv[0] += strlen("argv=");
	return argv;
}

bool
pipe_options_parse(char *const *arguments, struct arena *arena, struct pipe_options *out, struct buf *why)
{
	*out = (struct pipe_options){ .null_sender = "MAILER-DAEMON", .line_end = "\n" };
	for (; *arguments != NULL && strncmp(*arguments, "argv=", 5) != 0; arguments++)
		if (!parse_attribute(*arguments, arena, out, why))
			return false;
	if (*arguments == NULL || (*arguments)[5] == '\0') {
		why_set(why, "missing argv= attribute");
		return false;
	}
	if (out->user == NULL || out->user[0] == '\0') {
		why_set(why, "missing user= attribute");
		return false;
	}
	out->argv = take_argv(arguments, arena);
	return true;
}
