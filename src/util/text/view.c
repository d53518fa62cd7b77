#include "util/text/view.h"

#include "util/text/chars.h"

static bool
same_nocase(const char *a, const char *b, size_t n)
{
	while (n-- > 0)
		if (char_lower(*a++) != char_lower(*b++))
			return false;
	return true;
}

bool
view_equal_nocase(struct view a, struct view b)
{
	return a.len == b.len && same_nocase(a.data, b.data, a.len);
}

bool
view_starts(struct view v, struct view prefix)
{
	return v.len >= prefix.len && view_equal(view_slice(v, 0, prefix.len), prefix);
}

bool
view_starts_nocase(struct view v, struct view prefix)
{
	return v.len >= prefix.len && same_nocase(v.data, prefix.data, prefix.len);
}

bool
view_ends(struct view v, struct view suffix)
{
	return v.len >= suffix.len && view_equal(view_slice(v, v.len - suffix.len, v.len), suffix);
}

bool
view_ends_nocase(struct view v, struct view suffix)
{
	return v.len >= suffix.len && view_equal_nocase(view_slice(v, v.len - suffix.len, v.len), suffix);
}

int
view_compare(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n > 0 ? memcmp(a.data, b.data, n) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

bool
view_is(struct view v, const char *s)
{
	return view_equal(v, view_string(s));
}

bool
view_is_nocase(struct view v, const char *s)
{
	return view_equal_nocase(v, view_string(s));
}

ptrdiff_t
view_find(struct view v, char c)
{
	const char *at = v.len > 0 ? memchr(v.data, c, v.len) : NULL;

	return at != NULL ? at - v.data : -1;
}

ptrdiff_t
view_rfind(struct view v, char c)
{
	const char *at = v.len > 0 ? memrchr(v.data, c, v.len) : NULL;

	return at != NULL ? at - v.data : -1;
}

ptrdiff_t
view_find_view(struct view v, struct view what)
{
	const char *at;

	if (what.len == 0)
		return 0;
	at = v.len > 0 ? memmem(v.data, v.len, what.data, what.len) : NULL;
	return at != NULL ? at - v.data : -1;
}

static bool
in_set(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

ptrdiff_t
view_find_any(struct view v, const char *set)
{
	for (size_t i = 0; i < v.len; i++)
		if (in_set(v.data[i], set))
			return (ptrdiff_t)i;
	return -1;
}

struct view
view_trim(struct view v)
{
	while (v.len > 0 && char_is(v.data[0], CHAR_SPACE)) {
		v.data++;
		v.len--;
	}
	while (v.len > 0 && char_is(v.data[v.len - 1], CHAR_SPACE))
		v.len--;
	return v;
}

static bool
split_at(struct view v, ptrdiff_t at, struct view *before, struct view *after)
{
	if (at < 0)
		return false;
	*before = view_slice(v, 0, (size_t)at);
	*after = view_slice(v, (size_t)at + 1, v.len);
	return true;
}

bool
view_split(struct view v, char c, struct view *before, struct view *after)
{
	return split_at(v, view_find(v, c), before, after);
}

bool
view_rsplit(struct view v, char c, struct view *before, struct view *after)
{
	return split_at(v, view_rfind(v, c), before, after);
}

bool
view_word(struct view *rest, const char *set, struct view *word)
{
	size_t from = 0, to;

	while (from < rest->len && in_set(rest->data[from], set))
		from++;
	if (from == rest->len)
		return false;
	for (to = from; to < rest->len && !in_set(rest->data[to], set);)
		to++;
	*word = view_slice(*rest, from, to);
	*rest = view_slice(*rest, to, rest->len);
	return true;
}

bool
view_is_ascii(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.data[i] > 127)
			return false;
	return true;
}

bool
view_number(struct view v, unsigned long long *out)
{
	unsigned long long value = 0;

	if (v.len == 0)
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (!char_is(v.data[i], CHAR_DIGIT) || __builtin_mul_overflow(value, 10ull, &value) ||
		    __builtin_add_overflow(value, (unsigned long long)(v.data[i] - '0'), &value))
			return false;
	*out = value;
	return true;
}
