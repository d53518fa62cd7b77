#include "util/text/words.h"

#define SEPARATORS	" \t\r\n\v\f,"

static bool
is_separator(char c)
{
	return memchr(SEPARATORS, c, sizeof(SEPARATORS) - 1) != NULL;
}

/* Where the word that begins at `from` ends. *depth is not zero when a brace stays open. */
static size_t
word_end(struct view text, size_t from, int *depth)
{
	size_t i;

	*depth = 0;
	for (i = from; i < text.len && (*depth > 0 || !is_separator(text.data[i])); i++) {
		if (text.data[i] == '{')
			++*depth;
		else if (text.data[i] == '}' && *depth > 0)
			--*depth;
	}
	return i;
}

bool
words_next(struct view *rest, struct view *word, struct buf *why)
{
	size_t from = 0, end;
	int depth;

	while (from < rest->len && is_separator(rest->data[from]))
		from++;
	end = word_end(*rest, from, &depth);
	if (depth > 0) {
		why_set(why, "missing '}' in \"%.*s\"", VIEW_ARG(*rest));
		return false;
	}
	*word = view_slice(*rest, from, end);
	*rest = view_slice(*rest, end, rest->len);
	return word->len > 0;
}

/* Where the brace that opens at the beginning is closed; the length when it never is. */
static size_t
matching_brace(struct view word)
{
	size_t depth = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] == '{')
			depth++;
		else if (word.data[i] == '}' && --depth == 0)
			return i;
	}
	return word.len;
}

bool
words_inner(struct view word, struct view *inner, struct buf *why)
{
	struct view text = view_trim(word);
	size_t end;

	if (text.len == 0 || text.data[0] != '{') {
		why_set(why, "missing '{' in \"%.*s\"", VIEW_ARG(word));
		return false;
	}
	if ((end = matching_brace(text)) == text.len) {
		why_set(why, "missing '}' in \"%.*s\"", VIEW_ARG(word));
		return false;
	}
	if (end + 1 < text.len) {
		why_set(why, "text after '}' in \"%.*s\"", VIEW_ARG(word));
		return false;
	}
	*inner = view_trim(view_slice(text, 1, end));
	return true;
}

bool
words_contain(struct view list, struct view word)
{
	struct view each;

	while (words_next(&list, &each, NULL))
		if (view_equal(each, word))
			return true;
	return false;
}
