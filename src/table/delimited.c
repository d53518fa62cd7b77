#include "table/delimited.h"
#include "util/text/chars.h"

static size_t
pattern_length(struct view text, char delimiter)
{
	size_t i;

	for (i = 0; i < text.len && text.data[i] != delimiter; i++)
		if (text.data[i] == '\\' && i + 1 < text.len)
			i++;
	return i;
}

static bool
toggle(const struct delimited_flag *flags, char letter, uint32_t *options, struct buf *why)
{
	for (; flags->letter != 0; flags++) {
		if (flags->letter != letter)
			continue;
		*options ^= flags->option;
		return true;
	}
	why_set(why, "unknown pattern option \"%c\"", letter);
	return false;
}

bool
delimited_parse(struct view *rest, const struct delimited_flag *flags, struct buf *pattern, uint32_t *options,
    struct buf *why)
{
	struct view text = *rest;
	size_t len;

	if (text.len == 0 || char_is(text.data[0], CHAR_ALPHA | CHAR_DIGIT | CHAR_SPACE)) {
		why_set(why, "expected a pattern between delimiters, as in /pattern/");
		return false;
	}
	len = pattern_length(view_slice(text, 1, text.len), text.data[0]);
	if (len + 1 >= text.len) {
		why_set(why, "no closing delimiter \"%c\"", text.data[0]);
		return false;
	}
	buf_set(pattern, view_slice(text, 1, 1 + len));
	for (text = view_slice(text, len + 2, text.len); text.len > 0 && !char_is(text.data[0], CHAR_SPACE);
	    text = view_slice(text, 1, text.len))
		if (!toggle(flags, text.data[0], options, why))
			return false;
	*rest = view_trim(text);
	return true;
}
