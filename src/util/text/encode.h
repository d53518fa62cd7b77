/*
 * encode: base64 (RFC 4648, 4), hex and xtext (RFC 3461, 4), decoded strictly and all or nothing; UTF-8 checks; making
 * bytes printable. All append to out; a decoder that fails leaves out as it was.
 */
#ifndef UTIL_TEXT_ENCODE_H
#define UTIL_TEXT_ENCODE_H

#include "util/text/buf.h"

void	base64_encode(struct buf *out, struct view in);
bool	base64_decode(struct buf *out, struct view in);		/* padding required; no blanks, no line ends */
void	hex_encode(struct buf *out, struct view in, bool upper);
bool	hex_decode(struct buf *out, struct view in);
void	xtext_encode(struct buf *out, struct view in, const char *also);	/* also: more characters to encode, or "" */
bool	xtext_decode(struct buf *out, struct view in);		/* +00 is refused: a NUL never passes */
void	c_unescape(struct buf *out, struct view in);		/* as in C strings: \t, \40, \\ */
bool	utf8_valid(struct view v);				/* RFC 3629: no surrogates, no overlong forms */
void	printable_put(struct buf *out, struct view in, char mask, bool keep_utf8);	/* unprintable bytes become mask */

#endif
