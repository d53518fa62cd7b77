#include "global/smtp/reply.h"

#include <errno.h>

#include "util/text/cursor.h"
#include "util/text/encode.h"

enum { EXCESS_PIECES_MAX = 64 };	/* of a line that is longer than the limit */

/* Takes one line of text, whatever its end. */
static struct view
next_line(struct view *rest)
{
	ptrdiff_t end = view_find_any(*rest, "\r\n");
	struct view line = *rest;

	if (end < 0) {
		*rest = VIEW_EMPTY;
		return line;
	}
	line.len = (size_t)end;
	if (rest->data[end] == '\r' && (size_t)end + 1 < rest->len && rest->data[end + 1] == '\n')
		end++;
	*rest = view_slice(*rest, (size_t)end + 1, rest->len);
	return line;
}

void
smtp_reply_put(struct stream *to, int code, const char *enhanced, struct view text)
{
	struct buf out = BUF_INIT;
	struct view line;

	do {
		line = next_line(&text);
		buf_printf(&out, "%03d%c", code, view_empty(text) ? ' ' : '-');
		if (enhanced != NULL && enhanced[0] != '\0')
			buf_printf(&out, "%s%s", enhanced, view_empty(line) ? "" : " ");
		printable_put(&out, line, '?', true);
		buf_puts(&out, "\r\n");
	} while (!view_empty(text));
	stream_put(to, buf_view(&out));
	buf_fini(&out);
}

/* Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF (RFC 5321, 4.2) */
static bool
parse_line(struct view line, int *code, bool *last, struct view *text)
{
	struct cursor in = cursor_of(line);
	struct view digits;
	unsigned long long number;

	if (!cursor_take(&in, 3, &digits) || !view_number(digits, &number) || number < 200 || number > 599)
		return false;
	*code = (int)number;
	*last = !cursor_byte(&in, '-');
	if (*last && !cursor_done(&in) && !cursor_byte(&in, ' '))
		return false;
	*text = cursor_rest(&in);
	return true;
}

/* What does not fit is read and forgotten, up to a bound. */
static enum stream_result
read_line(struct stream *from, size_t line_max, struct buf *line)
{
	enum stream_result result = stream_line(from, line_max, line);
	struct buf excess = BUF_INIT;

	for (int pieces = 0; result == STREAM_LONG; pieces++) {
		if (pieces == EXCESS_PIECES_MAX) {
			errno = EPROTO;
			result = STREAM_ERROR;
		} else {
			result = stream_line(from, line_max, &excess);
		}
	}
	buf_fini(&excess);
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		buf_truncate(line, line->len - 1);
	return result;
}

static void
take_dsn(struct smtp_reply *out, struct view text)
{
	struct view rest;

	if (!dsn_split(text, out->dsn, &rest) || out->dsn[0] != '0' + out->code / 100)
		out->dsn[0] = '\0';
}

static enum stream_result
failed(int error)
{
	errno = error;
	return STREAM_ERROR;
}

enum stream_result
smtp_reply_read(struct stream *from, size_t line_max, size_t lines_max, struct smtp_reply *out)
{
	enum stream_result result = STREAM_OK;
	struct buf line = BUF_INIT;
	struct view text;
	bool last = false;
	int code;

	buf_reset(&out->text);
	out->code = 0;
	out->dsn[0] = '\0';
	for (size_t n = 0; result == STREAM_OK && !last; n++) {
		if ((result = read_line(from, line_max, &line)) != STREAM_OK)
			break;
		if (out->filter != NULL && !out->filter(out->filter_arg, &line)) {
			result = failed(ENODATA);
			break;
		}
		if (n >= lines_max || !parse_line(buf_view(&line), &code, &last, &text) || (n > 0 && code != out->code)) {
			result = failed(EPROTO);
			break;
		}
		out->code = code;
		if (n > 0)
			buf_putc(&out->text, '\n');
		buf_putv(&out->text, buf_view(&line));
		if (last)
			take_dsn(out, text);
	}
	buf_fini(&line);
	return result;
}
