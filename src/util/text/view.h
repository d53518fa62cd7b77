/*
 * view: a borrowed piece of bytes, which may hold any byte. Whoever owns the bytes says how long a view lives. What
 * runs per byte is inline.
 */
#ifndef UTIL_TEXT_VIEW_H
#define UTIL_TEXT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct view {
	const char *data;	/* not NUL terminated in general; NULL only when len == 0 */
	size_t len;
};

#define VIEW_EMPTY		((struct view){ NULL, 0 })
#define VIEW(literal)		((struct view){ "" literal, sizeof(literal) - 1 })
#define VIEW_INIT(literal)	{ "" literal, sizeof(literal) - 1 }	/* for static tables */
#define VIEW_ARG(v)		(int)(v).len, (v).len > 0 ? (v).data : ""	/* for "%.*s" */

static inline struct view
view_bytes(const void *data, size_t len)
{
	return (struct view){ data, len };
}

static inline struct view
view_string(const char *s)
{
	return (struct view){ s, s != NULL ? strlen(s) : 0 };
}

static inline bool
view_empty(struct view v)
{
	return v.len == 0;
}

static inline bool
view_equal(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline struct view
view_slice(struct view v, size_t from, size_t to)	/* both are cut to the length */
{
	to = to > v.len ? v.len : to;
	from = from > to ? to : from;
	return v.len == 0 ? v : (struct view){ v.data + from, to - from };
}

bool		view_equal_nocase(struct view a, struct view b);		/* ASCII only */
bool		view_starts(struct view v, struct view prefix);
bool		view_starts_nocase(struct view v, struct view prefix);
bool		view_ends(struct view v, struct view suffix);
bool		view_ends_nocase(struct view v, struct view suffix);
int		view_compare(struct view a, struct view b);			/* bytewise, as strcmp */
bool		view_is(struct view v, const char *s);				/* equal to a C string */
bool		view_is_nocase(struct view v, const char *s);
ptrdiff_t	view_find(struct view v, char c);				/* index of the first, or -1 */
ptrdiff_t	view_rfind(struct view v, char c);				/* index of the last, or -1 */
ptrdiff_t	view_find_view(struct view v, struct view what);
ptrdiff_t	view_find_any(struct view v, const char *set);			/* first byte that is in set, or -1 */
struct view	view_trim(struct view v);					/* without blanks and line ends around it */
bool		view_split(struct view v, char c, struct view *before, struct view *after);	/* at the first c */
bool		view_rsplit(struct view v, char c, struct view *before, struct view *after);	/* at the last c */
/* Takes the next word from *rest (words are split by any of the set); false when there is none. */
bool		view_word(struct view *rest, const char *set, struct view *word);
bool		view_is_ascii(struct view v);
bool		view_number(struct view v, unsigned long long *out);		/* decimal digits only, whole, no overflow */

#endif
