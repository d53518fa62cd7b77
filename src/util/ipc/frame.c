#include "util/ipc/frame.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>

#include "util/base/number.h"

enum { NUMBER_BYTES_MAX = 8, TAG_COUNT = 256 };

/* -- encoding ------------------------------------------------------------------------------------ */

static const void *
field_in(const struct field *field, const void *from)
{
	return (const char *)from + field->offset;
}

static bool
field_is_text(const struct field *field)
{
	return field->kind == FIELD_STRING || field->kind == FIELD_BYTES;
}

/* A number as it travels: 64 bits, negative ones in two's complement. */
static uint64_t
field_number(const struct field *field, const void *from)
{
	const void *at = field_in(field, from);

	switch (field->kind) {
	case FIELD_U64:
		return *(const uint64_t *)at;
	case FIELD_I64:
		return (uint64_t)*(const int64_t *)at;
	case FIELD_INT:
		return (uint64_t)(int64_t)*(const int *)at;
	case FIELD_BOOL:
		return *(const bool *)at;
	default:
		assert(!"a number");
		return 0;
	}
}

static size_t
number_length(uint64_t n)
{
	size_t len = 1;

	while (len < NUMBER_BYTES_MAX && n >> (8 * len) != 0)
		len++;
	return len;
}

static size_t
field_length(const struct field *field, const void *from)
{
	if (field_is_text(field))
		return ((const struct view *)field_in(field, from))->len;
	return number_length(field_number(field, from));
}

static bool
field_left_out(const struct field *field, const void *from)
{
	if (field->flags & FIELD_REQUIRED)
		return false;
	return field_is_text(field) ? field_length(field, from) == 0 : field_number(field, from) == 0;
}

static void
put_le(struct buf *out, uint64_t n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_putc(out, (char)(n >> (8 * i)));
}

static void
put_header(struct buf *out, size_t payload, unsigned type, unsigned flags)
{
	assert(payload <= FRAME_MAX - 2 && type <= UCHAR_MAX && flags <= UCHAR_MAX);
	buf_reserve(out, FRAME_HEADER + payload);
	put_le(out, payload + 2, 4);
	buf_putc(out, (char)type);
	buf_putc(out, (char)flags);
}

static void
put_field(struct buf *out, const struct field *field, const void *from)
{
	size_t len = field_length(field, from);

	buf_putc(out, (char)field->tag);
	put_le(out, len, 3);
	if (field_is_text(field))
		buf_putv(out, *(const struct view *)field_in(field, from));
	else
		put_le(out, field_number(field, from), len);
}

static size_t
payload_size(const struct field *fields, const void *from)
{
	size_t size = 0;

	for (const struct field *field = fields; field->tag != 0; field++)
		if (!field_left_out(field, from))
			size += FRAME_ATTR_HEADER + field_length(field, from);
	return size;
}

size_t
frame_size(const struct field *fields, const void *from)
{
	return FRAME_HEADER + payload_size(fields, from);
}

void
frame_put(struct buf *out, unsigned type, unsigned flags, const struct field *fields,
    const void *from)
{
	put_header(out, payload_size(fields, from), type, flags);
	for (const struct field *field = fields; field->tag != 0; field++)
		if (!field_left_out(field, from))
			put_field(out, field, from);
}

void
frame_put_raw(struct buf *out, unsigned type, unsigned flags, struct view payload)
{
	put_header(out, payload.len, type, flags);
	buf_putv(out, payload);
}

/* -- decoding ------------------------------------------------------------------------------------ */

int
frame_parse(struct cursor *in, struct frame *out)
{
	struct cursor at = *in;
	uint32_t length;
	uint8_t type, flags;
	struct view payload;

	if (!cursor_le32(&at, &length))
		return 0;
	if (length < 2 || length > FRAME_MAX)		/* before anybody waits for so many bytes */
		return -1;
	if (!cursor_u8(&at, &type) || !cursor_u8(&at, &flags) || !cursor_take(&at, length - 2, &payload))
		return 0;
	*out = (struct frame){ type, flags, payload };
	*in = at;
	return 1;
}

struct attribute {
	unsigned tag;
	struct view value;
};

static bool
take_attribute(struct cursor *in, struct attribute *out)
{
	uint8_t tag, low, middle, high;

	if (!cursor_u8(in, &tag) || !cursor_u8(in, &low) || !cursor_u8(in, &middle) ||
	    !cursor_u8(in, &high))
		return false;
	out->tag = tag;
	return cursor_take(in, (size_t)low | (size_t)middle << 8 | (size_t)high << 16, &out->value);
}

/* One way to write each number: no superfluous zero bytes. */
static bool
number_of(struct view value, uint64_t *out)
{
	uint64_t n = 0;

	if (value.len == 0 || value.len > NUMBER_BYTES_MAX ||
	    (value.len > 1 && value.data[value.len - 1] == 0))
		return false;
	for (size_t i = 0; i < value.len; i++)
		n |= (uint64_t)(unsigned char)value.data[i] << (8 * i);
	*out = n;
	return true;
}

static bool
set_number(const struct field *field, uint64_t n, void *at)
{
	int64_t i = (int64_t)n;

	switch (field->kind) {
	case FIELD_U64:
		*(uint64_t *)at = n;
		return true;
	case FIELD_I64:
		*(int64_t *)at = i;
		return true;
	case FIELD_INT:
		*(int *)at = (int)i;
		return i >= INT_MIN && i <= INT_MAX;
	default:
		*(bool *)at = n != 0;
		return n <= 1;
	}
}

static bool
set_field(const struct field *field, struct view value, void *to)
{
	void *at = (char *)to + field->offset;
	uint64_t n;

	if (field->kind == FIELD_STRING && view_find(value, '\0') != -1)
		return false;
	if (field_is_text(field)) {
		*(struct view *)at = value;
		return true;
	}
	return number_of(value, &n) && set_number(field, n, at);
}

static const struct field *
field_of_tag(const struct field *fields, unsigned tag)
{
	for (; fields->tag != 0; fields++)
		if (fields->tag == tag)
			return fields;
	return NULL;
}

static bool
get_attribute(const struct attribute *attribute, const struct field *fields, bool *seen, void *to,
    struct buf *why)
{
	const struct field *field = field_of_tag(fields, attribute->tag);

	if (field == NULL) {
		why_set(why, "unknown attribute %u", attribute->tag);
		return false;
	}
	if (seen[field->tag]) {
		why_set(why, "attribute %s twice", field->name);
		return false;
	}
	seen[field->tag] = true;
	if (!set_field(field, attribute->value, to)) {
		why_set(why, "bad value of attribute %s", field->name);
		return false;
	}
	return true;
}

static bool
all_required(const struct field *fields, const bool *seen, struct buf *why)
{
	for (; fields->tag != 0; fields++) {
		if ((fields->flags & FIELD_REQUIRED) && !seen[fields->tag]) {
			why_set(why, "missing attribute %s", fields->name);
			return false;
		}
	}
	return true;
}

static bool
get_all(const struct frame *frame, const struct field *fields, void *to, struct buf *why)
{
	struct cursor in = cursor_of(frame->payload);
	struct attribute attribute;
	bool seen[TAG_COUNT] = { false };

	while (!cursor_done(&in)) {
		if (!take_attribute(&in, &attribute)) {
			why_set(why, "attribute cut off");
			return false;
		}
		if (!get_attribute(&attribute, fields, seen, to, why))
			return false;
	}
	return all_required(fields, seen, why);
}

bool
frame_get(const struct frame *frame, const struct field *fields, void *to, size_t size,
    struct buf *why)
{
	memset(to, 0, size);
	if (get_all(frame, fields, to, why))
		return true;
	memset(to, 0, size);		/* a complete struct or none */
	return false;
}

/* -- debugging ----------------------------------------------------------------------------------- */

static void
print_attribute(struct buf *out, const struct attribute *attribute, const struct field *fields)
{
	const struct field *field = field_of_tag(fields, attribute->tag);
	uint64_t n;

	if (field == NULL)
		buf_printf(out, " ?%u=(%zu bytes)", attribute->tag, attribute->value.len);
	else if (field->kind == FIELD_STRING)
		buf_printf(out, " %s=\"%.*s\"", field->name, VIEW_ARG(attribute->value));
	else if (field->kind == FIELD_BYTES)
		buf_printf(out, " %s=(%zu bytes)", field->name, attribute->value.len);
	else if (!number_of(attribute->value, &n))
		buf_printf(out, " %s=?", field->name);
	else if (field->kind == FIELD_U64)
		buf_printf(out, " %s=%" PRIu64, field->name, n);
	else
		buf_printf(out, " %s=%" PRId64, field->name, (int64_t)n);
}

void
frame_print(struct buf *out, const struct frame *frame, const struct field *fields)
{
	struct cursor in = cursor_of(frame->payload);
	struct attribute attribute;

	buf_printf(out, "type %u flags %u", frame->type, frame->flags);
	while (take_attribute(&in, &attribute))
		print_attribute(out, &attribute, fields);
	if (!cursor_done(&in))
		buf_puts(out, " (cut off)");
}
