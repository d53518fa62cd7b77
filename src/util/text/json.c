#include "util/text/json.h"
#include "util/text/encode.h"

static void
put_ascii(struct buf *out, char c)
{
	static const char named[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
	const char *found = c != '\0' ? strchr(named, c) : NULL;

	if (found != NULL)
		buf_printf(out, "\\%c", names[found - named]);
	else if ((unsigned char)c < 0x20 || c == 0x7f)
		buf_printf(out, "\\u%04x", (unsigned)c);
	else
		buf_putc(out, c);
}

/* The length of the UTF-8 character that begins here, or 0. */
static size_t
character(struct view rest)
{
	for (size_t len = 2; len <= 4 && len <= rest.len; len++)
		if (utf8_valid(view_slice(rest, 0, len)))
			return len;
	return 0;
}

void
json_put_string(struct buf *out, struct view text)
{
	size_t len;

	buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i += len) {
		len = 1;
		if ((unsigned char)text.data[i] < 0x80) {
			put_ascii(out, text.data[i]);
		} else if ((len = character(view_slice(text, i, text.len))) > 0) {
			buf_putv(out, view_slice(text, i, i + len));
		} else {
			buf_puts(out, "\xef\xbf\xbd");
			len = 1;
		}
	}
	buf_putc(out, '"');
}
