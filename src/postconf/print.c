#include "postconf/print.h"

#include <stdio.h>

#include "util/text/chars.h"
#include "util/text/json.h"

enum { LINE_WIDTH = 80 };

static struct view
next_word(struct view *rest)
{
	const char *at = rest->data, *end = at + rest->len, *start;

	while (at < end && char_is(*at, CHAR_SPACE))
		at++;
	start = at;
	while (at < end && !char_is(*at, CHAR_SPACE))
		at++;
	*rest = view_bytes(at, (size_t)(end - at));
	return view_bytes(start, (size_t)(at - start));
}

static void
collapse(struct buf *out, struct view text, bool fold)
{
	size_t column = out->len;
	struct view word;

	while ((word = next_word(&text)).len > 0) {
		if (out->len > 0 && fold && column + 1 + word.len > LINE_WIDTH) {
			buf_puts(out, "\n    ");
			column = 4;
		} else if (out->len > 0) {
			buf_putc(out, ' ');
			column++;
		}
		buf_putv(out, word);
		column += word.len;
	}
}

static void
json_pair(struct buf *out, struct view name, struct view value)
{
	struct buf text = BUF_INIT;

	collapse(&text, value, false);
	buf_putc(out, '{');
	json_put_string(out, name);
	buf_puts(out, ": ");
	json_put_string(out, buf_view(&text));
	buf_putc(out, '}');
	buf_fini(&text);
}

static void
label_put(struct buf *out, const struct print_style *style, const char *name)
{
	if (!style->values_only)
		buf_puts(out, name);
	if (!style->values_only && !style->names_only)
		buf_puts(out, " =");
}

void
print_pair(const struct print_style *style, const char *name, const char *value)
{
	struct buf line = BUF_INIT;

	if (style->json) {
		json_pair(&line, view_string(name), view_string(value));
	} else {
		label_put(&line, style, name);
		if (!style->names_only)
			collapse(&line, view_string(value), style->fold);
	}
	puts(buf_c(&line));
	buf_fini(&line);
}

void
print_folded_pair(const struct print_style *style, const char *name, const char *value)
{
	struct buf line = BUF_INIT;

	if (style->json) {
		print_pair(style, name, value);
		return;
	}
	label_put(&line, style, name);
	if (!style->names_only)
		buf_printf(&line, "%s%s", line.len > 0 && *value != '\0' ? " " : "", value);
	puts(buf_c(&line));
	buf_fini(&line);
}
