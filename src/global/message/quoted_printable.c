#include "global/message/quoted_printable.h"

#include "util/text/chars.h"

static void
make_room(struct quoted_printable *encoder, size_t len, quoted_printable_line *line, void *arg)
{
	if (encoder->line.len + len < QUOTED_PRINTABLE_LINE_MAX)	/* one place is for "=" */
		return;
	buf_putc(&encoder->line, '=');
	line(arg, buf_view(&encoder->line));
	buf_reset(&encoder->line);
}

static void
put_byte(struct quoted_printable *encoder, char c, bool encoded, quoted_printable_line *line, void *arg)
{
	make_room(encoder, encoded ? 3 : 1, line, arg);
	if (encoded)
		buf_printf(&encoder->line, "=%02X", (unsigned char)c);
	else
		buf_putc(&encoder->line, c);
}

static void
put_blank(struct quoted_printable *encoder, bool at_end, quoted_printable_line *line, void *arg)
{
	if (encoder->blank != 0)
		put_byte(encoder, encoder->blank, at_end, line, arg);
	encoder->blank = 0;
}

void
quoted_printable_put(struct quoted_printable *encoder, struct view piece, quoted_printable_line *line, void *arg)
{
	for (size_t i = 0; i < piece.len; i++) {
		char c = piece.data[i];

		put_blank(encoder, false, line, arg);
		if (char_is(c, CHAR_BLANK))
			encoder->blank = c;
		else
			put_byte(encoder, c, c == '=' || !char_is(c, CHAR_PRINT), line, arg);
	}
}

void
quoted_printable_end_line(struct quoted_printable *encoder, quoted_printable_line *line, void *arg)
{
	put_blank(encoder, true, line, arg);
	line(arg, buf_view(&encoder->line));
	buf_reset(&encoder->line);
}

void
quoted_printable_fini(struct quoted_printable *encoder)
{
	buf_fini(&encoder->line);
}
