#include "util/text/buf.h"

#include <assert.h>
#include <errno.h>

#include "util/base/number.h"
#include "util/log/log.h"
#include "util/text/chars.h"

enum { BUF_FIRST = 64 };

void
buf_init(struct buf *b)
{
	*b = (struct buf)BUF_INIT;
}

void
buf_fini(struct buf *b)
{
	mem_free(b->data);
	buf_init(b);
}

void
buf_wipe(struct buf *b)
{
	mem_wipe(b->data, b->cap);
	buf_fini(b);
}

char *
buf_detach(struct buf *b)
{
	char *data;

	buf_reserve(b, 0);
	data = b->data;
	buf_init(b);
	return data;
}

void
buf_swap(struct buf *a, struct buf *b)
{
	struct buf t = *a;

	*a = *b;
	*b = t;
}

char *
buf_reserve(struct buf *b, size_t more)
{
	size_t need, cap = b->cap > 0 ? b->cap : BUF_FIRST;

	if (!size_add(b->len, more, &need) || !size_add(need, 1, &need))
		log_fatal("out of memory: buffer of %zu and %zu bytes", b->len, more);
	if (need > b->cap) {
		while (cap < need)
			cap = cap > SIZE_MAX / 2 ? need : cap * 2;
		b->data = mem_resize(b->data, cap);
		b->cap = cap;
		b->data[b->len] = '\0';
	}
	return b->data + b->len;
}

void
buf_added(struct buf *b, size_t n)
{
	assert(b->cap > b->len && n < b->cap - b->len);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_truncate(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->data != NULL)
		b->data[len] = '\0';
}

void
buf_remove(struct buf *b, size_t at, size_t n)
{
	assert(at <= b->len && n <= b->len - at);
	if (n == 0)
		return;
	memmove(b->data + at, b->data + at + n, b->len - at - n + 1);
	b->len -= n;
}

void
buf_insert(struct buf *b, size_t at, struct view v)
{
	assert(at <= b->len);
	if (v.len == 0)
		return;
	buf_reserve(b, v.len);
	memmove(b->data + at + v.len, b->data + at, b->len - at + 1);
	memcpy(b->data + at, v.data, v.len);
	b->len += v.len;
}

void
buf_put(struct buf *b, const void *data, size_t len)
{
	char *to = buf_reserve(b, len);

	if (len > 0)
		memcpy(to, data, len);
	buf_added(b, len);
}

void
buf_putc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	buf_added(b, 1);
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_putv(struct buf *b, struct view v)
{
	buf_put(b, v.data, v.len);
}

void
buf_putn(struct buf *b, char c, size_t n)
{
	memset(buf_reserve(b, n), c, n);
	buf_added(b, n);
}

void
buf_putu(struct buf *b, unsigned long long n)
{
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	buf_put(b, at, (size_t)(digits + sizeof(digits) - at));
}

void
buf_vprintf(struct buf *b, const char *format, va_list ap)
{
	va_list again;
	size_t room;
	int len;

	va_copy(again, ap);
	buf_reserve(b, BUF_FIRST);
	room = b->cap - b->len;
	len = vsnprintf(b->data + b->len, room, format, ap);
	assert(len >= 0);
	if ((size_t)len >= room) {
		b->data[b->len] = '\0';
		buf_reserve(b, (size_t)len);
		vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
	}
	va_end(again);
	buf_added(b, (size_t)len);
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	buf_vprintf(b, format, ap);
	va_end(ap);
}

void
buf_set(struct buf *b, struct view v)
{
	buf_reserve(b, v.len > b->len ? v.len - b->len : 0);
	if (v.len > 0)
		memmove(b->data, v.data, v.len);
	b->len = v.len;
	b->data[b->len] = '\0';
}

void
buf_lower(struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		b->data[i] = char_lower(b->data[i]);
}

void
why_set(struct buf *why, const char *format, ...)
{
	int error = errno;
	va_list ap;

	if (why != NULL) {
		struct buf text = BUF_INIT;	/* the old reason may be among the arguments */

		va_start(ap, format);
		buf_vprintf(&text, format, ap);
		va_end(ap);
		buf_swap(why, &text);
		buf_fini(&text);
	}
	errno = error;
}
