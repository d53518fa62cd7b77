#include "global/queue/record.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>

/* Four groups of seven bits fit an int everywhere; a fifth is malformed, and is seen before anything is shifted. */
enum { LENGTH_GROUPS = 4, LENGTH_MAX = (1 << (7 * LENGTH_GROUPS)) - 1 };

static void
put_length(struct buf *out, size_t len)
{
	assert(len <= LENGTH_MAX);
	for (; len > 0x7f; len >>= 7)
		buf_putc(out, (char)(0x80 | (len & 0x7f)));
	buf_putc(out, (char)len);
}

void
record_put(struct buf *out, int type, struct view data)
{
	buf_putc(out, (char)type);
	put_length(out, data.len);
	buf_putv(out, data);
}

void
record_printf(struct buf *out, int type, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	record_put(out, type, buf_view(&text));
	buf_fini(&text);
}

void
record_put_attribute(struct buf *out, const char *name, struct view value)
{
	size_t name_len = strlen(name);

	if (view_empty(value))
		return;
	buf_putc(out, RECORD_ATTRIBUTE);
	put_length(out, name_len + 1 + value.len);
	buf_put(out, name, name_len);
	buf_putc(out, '=');
	buf_putv(out, value);
}

/* 1 read, 0 the bytes end inside, -1 too many groups */
static int
take_length(struct cursor *in, size_t *len)
{
	uint8_t byte = 0x80;

	*len = 0;
	for (int group = 0; byte & 0x80; group++) {
		if (group == LENGTH_GROUPS)
			return -1;
		if (!cursor_u8(in, &byte))
			return 0;
		*len |= (size_t)(byte & 0x7f) << (7 * group);
	}
	return 1;
}

int
record_parse(struct cursor *in, size_t data_max, struct record *out)
{
	struct cursor ahead = *in;
	struct view data;
	uint8_t type;
	size_t len;
	int result;

	if (!cursor_u8(&ahead, &type))
		return 0;
	if ((result = take_length(&ahead, &len)) != 1)
		return result;
	if (data_max != 0 && len > data_max)
		return -1;
	if (!cursor_take(&ahead, len, &data))
		return 0;
	*out = (struct record){ type, data };
	*in = ahead;
	return 1;
}

size_t
record_encoded_size(size_t data_len)
{
	size_t size = 2 + data_len;

	for (size_t rest = data_len >> 7; rest > 0; rest >>= 7)
		size++;
	return size;
}

bool
record_attribute(struct view data, struct view *name, struct view *value)
{
	return view_split(data, '=', name, value) && !view_empty(*name);
}
