/*
 * chars: character classes of the protocols, from one table of 256 entries. No locale; bytes above 127 are in CHAR_UTF8
 * only.
 */
#ifndef UTIL_TEXT_CHARS_H
#define UTIL_TEXT_CHARS_H

#include <stdbool.h>

enum {
	CHAR_DIGIT	= 1 << 0,	/* 0-9 */
	CHAR_ALPHA	= 1 << 1,	/* A-Z a-z */
	CHAR_BLANK	= 1 << 2,	/* SP HTAB */
	CHAR_SPACE	= 1 << 3,	/* SP HTAB CR LF VT FF */
	CHAR_ATEXT	= 1 << 4,	/* RFC 5322, 3.2.3 */
	CHAR_PRINT	= 1 << 5,	/* 32..126 */
	CHAR_CONTROL	= 1 << 6,	/* 0..31, 127 */
	CHAR_HEX	= 1 << 7,	/* 0-9 A-F a-f */
	CHAR_UTF8	= 1 << 8,	/* 128..255 */
	CHAR_NAME	= 1 << 9,	/* letter, digit, underscore: parameter names */
	CHAR_TSPECIAL	= 1 << 10,	/* RFC 2045, 5.1 */
	CHAR_FTEXT	= 1 << 11,	/* header field name, RFC 5322, 3.6.8 */
	CHAR_UPPER	= 1 << 12,
};

extern const unsigned short char_table[256];

static inline bool
char_is(char c, unsigned char_class)		/* any byte, 0xff among them: there are no in-band markers */
{
	return (char_table[(unsigned char)c] & char_class) != 0;
}

static inline char
char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline char
char_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

#endif
