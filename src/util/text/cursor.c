#include "util/text/cursor.h"

static struct view
advance(struct cursor *in, size_t n)
{
	struct view taken = { in->at, n };

	if (n > 0)
		in->at += n;
	return taken;
}

bool
cursor_literal(struct cursor *in, struct view text)
{
	if (!view_starts(cursor_rest(in), text))
		return false;
	advance(in, text.len);
	return true;
}

bool
cursor_literal_nocase(struct cursor *in, struct view text)
{
	if (!view_starts_nocase(cursor_rest(in), text))
		return false;
	advance(in, text.len);
	return true;
}

size_t
cursor_skip(struct cursor *in, unsigned char_class)
{
	size_t n = 0, left = cursor_left(in);

	while (n < left && char_is(in->at[n], char_class))
		n++;
	advance(in, n);
	return n;
}

bool
cursor_class(struct cursor *in, unsigned char_class, struct view *out)
{
	const char *from = in->at;
	size_t n = cursor_skip(in, char_class);

	if (n == 0)
		return false;
	*out = view_bytes(from, n);
	return true;
}

bool
cursor_until(struct cursor *in, char c, struct view *out)
{
	ptrdiff_t n = view_find(cursor_rest(in), c);

	if (n < 0)
		return false;
	*out = advance(in, (size_t)n);
	advance(in, 1);
	return true;
}

bool
cursor_take(struct cursor *in, size_t n, struct view *out)
{
	if (cursor_left(in) < n)
		return false;
	*out = advance(in, n);
	return true;
}

bool
cursor_u64(struct cursor *in, uint64_t *out)
{
	struct cursor ahead = *in;
	struct view digits;
	unsigned long long value;

	if (!cursor_class(&ahead, CHAR_DIGIT, &digits) || !view_number(digits, &value))
		return false;
	*out = value;
	*in = ahead;
	return true;
}

/* n bytes, the lowest first or the highest first. */
static bool
binary(struct cursor *in, size_t n, bool little, uint64_t *out)
{
	struct view v;
	uint64_t value = 0;

	if (!cursor_take(in, n, &v))
		return false;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | (unsigned char)v.data[little ? n - 1 - i : i];
	*out = value;
	return true;
}

bool
cursor_u8(struct cursor *in, uint8_t *out)
{
	uint64_t value;

	if (!binary(in, 1, true, &value))
		return false;
	*out = (uint8_t)value;
	return true;
}

bool
cursor_le16(struct cursor *in, uint16_t *out)
{
	uint64_t value;

	if (!binary(in, 2, true, &value))
		return false;
	*out = (uint16_t)value;
	return true;
}

bool
cursor_le32(struct cursor *in, uint32_t *out)
{
	uint64_t value;

	if (!binary(in, 4, true, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

bool
cursor_le64(struct cursor *in, uint64_t *out)
{
	return binary(in, 8, true, out);
}

bool
cursor_be16(struct cursor *in, uint16_t *out)
{
	uint64_t value;

	if (!binary(in, 2, false, &value))
		return false;
	*out = (uint16_t)value;
	return true;
}

bool
cursor_be32(struct cursor *in, uint32_t *out)
{
	uint64_t value;

	if (!binary(in, 4, false, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}
