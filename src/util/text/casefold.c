#include <stdint.h>

#include "util/text/casefold.h"
#include "util/text/chars.h"
#include "util/text/encode.h"

struct run {		/* every step-th character from first to last moves by delta */
	uint32_t first, last;
	uint32_t step;
	int32_t delta;
};

struct wide {		/* characters that become several */
	uint32_t from;
	const char *to;
};

#include "util/text/casefold_table.h"

static void
put_ascii(struct buf *out, struct view text)
{
	char *to = buf_reserve(out, text.len);

	for (size_t i = 0; i < text.len; i++)
		to[i] = char_lower(text.data[i]);
	buf_added(out, text.len);
}

/* Takes one character of valid UTF-8. */
static uint32_t
decode(const unsigned char **at)
{
	const unsigned char *p = *at;
	unsigned more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	uint32_t c = more == 0 ? *p : *p & (0x3fu >> more);

	for (p++; more > 0; more--)
		c = c << 6 | (*p++ & 0x3f);
	*at = p;
	return c;
}

static void
encode(struct buf *out, uint32_t c)
{
	unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };

	buf_putc(out, (char)(lead[more] | c >> (6 * more)));
	while (more-- > 0)
		buf_putc(out, (char)(0x80 | (c >> (6 * more) & 0x3f)));
}

static int
compare_run(const void *key, const void *item)
{
	const struct run *run = item;
	uint32_t c = *(const uint32_t *)key;

	return c < run->first ? -1 : c > run->last;
}

static int
compare_wide(const void *key, const void *item)
{
	const struct wide *w = item;
	uint32_t c = *(const uint32_t *)key;

	return c < w->from ? -1 : c > w->from;
}

static void
put_folded(struct buf *out, uint32_t c)
{
	const struct wide *w = bsearch(&c, wide, ARRAY_COUNT(wide), sizeof(wide[0]), compare_wide);
	const struct run *run;

	if (w != NULL) {
		buf_puts(out, w->to);
		return;
	}
	run = bsearch(&c, runs, ARRAY_COUNT(runs), sizeof(runs[0]), compare_run);
	if (run != NULL && (c - run->first) % run->step == 0)
		c = (uint32_t)((int32_t)c + run->delta);
	encode(out, c);
}

void
casefold_put(struct buf *out, struct view text, bool utf8)
{
	const unsigned char *at = (const unsigned char *)text.data, *end;

	if (!utf8 || view_is_ascii(text) || !utf8_valid(text)) {
		put_ascii(out, text);
		return;
	}
	for (end = at + text.len; at < end;) {
		if (*at < 0x80)
			buf_putc(out, char_lower((char)*at++));
		else
			put_folded(out, decode(&at));
	}
}
