#include "postconf/print.h"

#include <stdio.h>

#include "util/text/chars.h"

enum { LINE_WIDTH = 80 };

static void
collapse(struct buf *out, struct view text, bool fold)
{
	size_t column = out->len;
	struct view word;

	while (view_word(&text, " \t\r\n\v\f", &word)) {
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
json_string(struct buf *out, struct view text)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (char_is(c, CHAR_CONTROL))
			buf_printf(out, "\\u%04x", (unsigned)c);
		else
			buf_putc(out, c);
	}
	buf_putc(out, '"');
}

static void
json_pair(struct buf *out, struct view name, struct view value)
{
	struct buf text = BUF_INIT;

	collapse(&text, value, false);
	buf_putc(out, '{');
	json_string(out, name);
	buf_puts(out, ": ");
	json_string(out, buf_view(&text));
	buf_putc(out, '}');
	buf_fini(&text);
}

void
print_pair(const struct print_style *style, const char *name, const char *value)
{
	struct buf line = BUF_INIT;

	if (style->json) {
		json_pair(&line, view_string(name), view_string(value));
	} else {
		if (!style->values_only)
			buf_puts(&line, name);
		if (!style->values_only && !style->names_only)
			buf_puts(&line, " =");
		if (!style->names_only)
			collapse(&line, view_string(value), style->fold);
	}
	puts(buf_c(&line));
	buf_fini(&line);
}
