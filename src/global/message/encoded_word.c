#include "global/message/encoded_word.h"

#include "util/text/chars.h"
#include "util/text/encode.h"

/* What may stand for itself in a phrase (RFC 2047, 5 (3)). */
static bool
plain(char c)
{
	return char_is(c, CHAR_ALPHA | CHAR_DIGIT) || (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t
q_length(struct view text)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++)
		len += plain(text.data[i]) || text.data[i] == ' ' ? 1 : 3;
	return len;
}

static void
q_put(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (plain(text.data[i]))
			buf_putc(out, text.data[i]);
		else if (text.data[i] == ' ')
			buf_putc(out, '_');
		else
			buf_printf(out, "=%02X", (unsigned char)text.data[i]);
	}
}

/* Text that is mostly readable as it stands. */
static bool
suits_q(struct view text)
{
	return q_length(text) <= 2 * text.len;
}

static size_t
b_length(struct view text)
{
	return (text.len + 2) / 3 * 4;
}

/* The bytes of the character that begins here. */
static size_t
character(struct view text, bool utf8)
{
	size_t n = 1;

	while (utf8 && n < text.len && n < 4 && ((unsigned char)text.data[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static struct view
next_part(struct view text, size_t room, bool utf8, size_t (*length)(struct view text))
{
	size_t end = 0;

	while (end < text.len) {
		size_t more = character(view_slice(text, end, text.len), utf8);

		if (end > 0 && length(view_slice(text, 0, end + more)) > room)
			break;
		end += more;
	}
	return view_slice(text, 0, end);
}

void
encoded_words_put(struct buf *out, struct view text, const char *charset)
{
	bool q = suits_q(text), utf8 = view_is_nocase(view_string(charset), "utf-8");
	size_t frame = strlen(charset) + strlen("=?" "?Q?" "?="), room = frame < ENCODED_WORD_MAX ? ENCODED_WORD_MAX - frame : 0;
	struct view rest = text;

	while (rest.len > 0) {
		struct view part = next_part(rest, room, utf8, q ? q_length : b_length);

		if (rest.len < text.len)
			buf_putc(out, ' ');
		buf_printf(out, "=?%s?%c?", charset, q ? 'Q' : 'B');
		if (q)
			q_put(out, part);
		else
			base64_encode(out, part);
		buf_puts(out, "?=");
		rest = view_slice(rest, part.len, rest.len);
	}
}
