#include "util/text/encode.h"

#include <stdint.h>

#include "util/text/chars.h"
#include "util/text/cursor.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct buf *out, struct view in)
{
	for (size_t i = 0; i < in.len; i += 3) {
		size_t n = in.len - i < 3 ? in.len - i : 3;
		uint32_t bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < n ? (unsigned char)in.data[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_putc(out, k <= n ? base64_digits[bits >> (18 - 6 * k) & 63] : '=');
	}
}

static int
base64_value(char c)
{
	const char *at = c != '\0' ? strchr(base64_digits, c) : NULL;

	return at != NULL ? (int)(at - base64_digits) : -1;
}

/* One group of four; pad: how many '=' end it. Bits that padding cuts off must be zero. */
static bool
base64_group(struct buf *out, const char *group, size_t pad)
{
	uint32_t bits = 0;

	for (size_t k = 0; k < 4; k++) {
		int value = k < 4 - pad ? base64_value(group[k]) : 0;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
	}
	if ((pad == 1 && (bits & 0xff) != 0) || (pad == 2 && (bits & 0xffff) != 0))
		return false;
	for (size_t k = 0; k < 3 - pad; k++)
		buf_putc(out, (char)(bits >> (16 - 8 * k)));
	return true;
}

bool
base64_decode(struct buf *out, struct view in)
{
	size_t before = out->len, pad;

	if (in.len % 4 != 0)
		return false;
	for (size_t i = 0; i < in.len; i += 4) {
		pad = 0;
		if (i + 4 == in.len)
			pad = in.data[i + 3] != '=' ? 0 : in.data[i + 2] != '=' ? 1 : 2;
		if (!base64_group(out, in.data + i, pad)) {
			buf_truncate(out, before);
			return false;
		}
	}
	return true;
}

static void
hex_put(struct buf *out, unsigned char byte, const char *digits)
{
	buf_putc(out, digits[byte >> 4]);
	buf_putc(out, digits[byte & 15]);
}

void
hex_encode(struct buf *out, struct view in, bool upper)
{
	for (size_t i = 0; i < in.len; i++)
		hex_put(out, (unsigned char)in.data[i], upper ? "0123456789ABCDEF" : "0123456789abcdef");
}

static int
hex_value(char c)
{
	if (!char_is(c, CHAR_HEX))
		return -1;
	return char_is(c, CHAR_DIGIT) ? c - '0' : char_lower(c) - 'a' + 10;
}

/* Two digits at the front of v. */
static bool
hex_byte(struct view v, char *out)
{
	if (v.len < 2 || hex_value(v.data[0]) < 0 || hex_value(v.data[1]) < 0)
		return false;
	*out = (char)(hex_value(v.data[0]) << 4 | hex_value(v.data[1]));
	return true;
}

bool
hex_decode(struct buf *out, struct view in)
{
	size_t before = out->len;
	char byte;

	for (size_t i = 0; i < in.len; i += 2) {
		if (!hex_byte(view_slice(in, i, in.len), &byte)) {
			buf_truncate(out, before);
			return false;
		}
		buf_putc(out, byte);
	}
	return true;
}

/* xchar = any ASCII character from "!" to "~", except for "+" and "=" (RFC 3461, 4) */
void
xtext_encode(struct buf *out, struct view in, const char *also)
{
	for (size_t i = 0; i < in.len; i++) {
		char c = in.data[i];

		if (c > ' ' && c <= '~' && c != '+' && c != '=' && strchr(also, c) == NULL) {
			buf_putc(out, c);
		} else {
			buf_putc(out, '+');
			hex_put(out, (unsigned char)c, "0123456789ABCDEF");
		}
	}
}

bool
xtext_decode(struct buf *out, struct view in)
{
	size_t before = out->len;
	char byte;

	for (size_t i = 0; i < in.len; i++) {
		byte = in.data[i];
		if (byte == '+') {
			if (!hex_byte(view_slice(in, i + 1, in.len), &byte))
				break;
			i += 2;
		}
		if (byte == '\0')
			break;
		buf_putc(out, byte);
		if (i + 1 == in.len)
			return true;
	}
	if (in.len == 0)
		return true;
	buf_truncate(out, before);
	return false;
}

/* The length of the valid UTF-8 sequence at the front of v, or 0. */
static size_t
utf8_sequence(struct view v)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)v.data[0];
	size_t n = first < 0x80 ? 1 : (first & 0xe0) == 0xc0 ? 2 : (first & 0xf0) == 0xe0 ? 3 : (first & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t point;

	if (n <= 1)
		return n;
	if (v.len < n)
		return 0;
	point = first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)v.data[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | ((unsigned char)v.data[i] & 0x3f);
	}
	return point < least[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ? 0 : n;
}

bool
utf8_valid(struct view v)
{
	for (size_t i = 0, n; i < v.len; i += n)
		if ((n = utf8_sequence(view_slice(v, i, v.len))) == 0)
			return false;
	return true;
}

void
printable_put(struct buf *out, struct view in, char mask, bool keep_utf8)
{
	size_t n;

	for (size_t i = 0; i < in.len; i += n) {
		n = 1;
		if (char_is(in.data[i], CHAR_PRINT)) {
			buf_putc(out, in.data[i]);
			continue;
		}
		if (keep_utf8 && char_is(in.data[i], CHAR_UTF8))
			n = utf8_sequence(view_slice(in, i, in.len));
		/* U+0080..U+009F are control characters too */
		if (n > 1 && !(n == 2 && (unsigned char)in.data[i] == 0xc2 && (unsigned char)in.data[i + 1] < 0xa0)) {
			buf_put(out, in.data + i, n);
			continue;
		}
		buf_putc(out, mask);
		n = n > 1 ? n : 1;
	}
}

/* \a \b \f \n \r \t \v, \ooo, and \ before anything else for itself */
static void
put_escaped(struct buf *out, struct cursor *in)
{
	static const char letters[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
	unsigned code = 0;
	int digits = 0;
	const char *at;
	char c;

	for (; digits < 3 && cursor_peek(in) >= '0' && cursor_peek(in) <= '7'; digits++)
		code = code * 8 + (unsigned)(*in->at++ - '0');
	if (digits > 0)
		buf_putc(out, (char)code);
	else if (!cursor_any(in, &c))
		buf_putc(out, '\\');
	else
		buf_putc(out, c != '\0' && (at = strchr(letters, c)) != NULL ? meant[at - letters] : c);
}

void
c_unescape(struct buf *out, struct view in)
{
	struct cursor at = cursor_of(in);
	char c;

	while (cursor_any(&at, &c)) {
		if (c == '\\')
			put_escaped(out, &at);
		else
			buf_putc(out, c);
	}
}
