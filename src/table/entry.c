#include "table/entry.h"
#include "util/text/chars.h"
#include "util/text/encode.h"

/* A backslash takes the next character, in quotes and outside. *quoted: the line ends inside of quotes. */
static size_t
key_length(struct view line, bool *quoted)
{
	size_t i;

	*quoted = false;
	for (i = 0; i < line.len && (*quoted || !char_is(line.data[i], CHAR_SPACE)); i++) {
		if (line.data[i] == '\\')
			i++;
		else if (line.data[i] == '"')
			*quoted = !*quoted;
	}
	return i < line.len ? i : line.len;
}

static void
warn_about_looks(const struct source *source, struct view key, struct view value)
{
	if (key.data[key.len - 1] == ':')
		source_warn(source, "record is in \"key: value\" format; is this an alias file?");
	if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
		source_warn(source, "quotes around the value are taken as part of it");
}

bool
entry_parse(const struct source *source, struct view line, bool utf8, struct view *key, struct view *value)
{
	bool unbalanced;
	size_t len = key_length(line, &unbalanced);

	if (utf8 && !utf8_valid(line)) {
		source_warn(source, "non-UTF-8 input \"%.*s\" -- ignoring this line", VIEW_ARG(line));
		return false;
	}
	if (unbalanced) {
		source_warn(source, "unbalanced '\"' in \"%.*s\" -- ignoring this line", VIEW_ARG(line));
		return false;
	}
	*key = view_slice(line, 0, len);
	*value = view_trim(view_slice(line, len, line.len));
	if (key->len == 0 || value->len == 0) {
		source_warn(source, "expected format: key whitespace value");
		return false;
	}
	warn_about_looks(source, *key, *value);
	return true;
}
