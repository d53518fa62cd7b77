#include "util/text/words.h"

#define SEPARATORS	" \t\r\n,"

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
		why_set(why, "missing \"}\" in \"%.*s\"", VIEW_ARG(*rest));
		return false;
	}
	*word = view_slice(*rest, from, end);
	*rest = view_slice(*rest, end, rest->len);
	return word->len > 0;
}

bool
words_inner(struct view word, struct view *inner)
{
	int depth = 0;

	if (word.len < 2 || word.data[0] != '{' || word.data[word.len - 1] != '}')
		return false;
	for (size_t i = 0; i + 1 < word.len; i++) {
		depth += word.data[i] == '{' ? 1 : word.data[i] == '}' ? -1 : 0;
		if (depth == 0)
			return false;		/* closed before the end: "{a} {b}" */
	}
	if (depth != 1)
		return false;
	*inner = view_trim(view_slice(word, 1, word.len - 1));
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
