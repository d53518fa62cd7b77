/*
 * cursor: reads a view from left to right, for parsers. A read that fails moves nothing, so that grammar reads as
 * grammar: `return cursor_byte(in, '<') && mailbox(in, …) && cursor_byte(in, '>')`.
 */
#ifndef UTIL_TEXT_CURSOR_H
#define UTIL_TEXT_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/text/chars.h"
#include "util/text/view.h"

struct cursor {
	const char *at, *end;
};

static inline struct cursor
cursor_of(struct view v)
{
	return (struct cursor){ v.data, v.data != NULL ? v.data + v.len : NULL };
}

static inline size_t
cursor_left(const struct cursor *in)
{
	return (size_t)(in->end - in->at);
}

static inline bool
cursor_done(const struct cursor *in)
{
	return in->at == in->end;
}

static inline struct view
cursor_rest(const struct cursor *in)
{
	return (struct view){ in->at, cursor_left(in) };
}

static inline int
cursor_peek(const struct cursor *in)		/* 0..255, or -1 at the end */
{
	return in->at < in->end ? (unsigned char)*in->at : -1;
}

static inline bool
cursor_at(const struct cursor *in, unsigned char_class)	/* is the next byte of this class? */
{
	return in->at < in->end && char_is(*in->at, char_class);
}

static inline bool
cursor_byte(struct cursor *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

static inline bool
cursor_any(struct cursor *in, char *out)
{
	if (in->at == in->end)
		return false;
	*out = *in->at++;
	return true;
}

bool	cursor_literal(struct cursor *in, struct view text);		/* exact bytes */
bool	cursor_literal_nocase(struct cursor *in, struct view text);
bool	cursor_class(struct cursor *in, unsigned char_class, struct view *out);	/* one or more of a class (chars.h) */
size_t	cursor_skip(struct cursor *in, unsigned char_class);		/* zero or more; how many */
bool	cursor_until(struct cursor *in, char c, struct view *out);	/* up to c, which is taken but not part of out */
bool	cursor_take(struct cursor *in, size_t n, struct view *out);	/* exactly n bytes */
bool	cursor_u64(struct cursor *in, uint64_t *out);			/* 1*DIGIT, no overflow */
/* Little-endian binary numbers, for frames and records. */
bool	cursor_le16(struct cursor *in, uint16_t *out);
bool	cursor_le32(struct cursor *in, uint32_t *out);
bool	cursor_le64(struct cursor *in, uint64_t *out);
bool	cursor_u8(struct cursor *in, uint8_t *out);
/* Big-endian, for DNS and milters. */
bool	cursor_be16(struct cursor *in, uint16_t *out);
bool	cursor_be32(struct cursor *in, uint32_t *out);

#endif
