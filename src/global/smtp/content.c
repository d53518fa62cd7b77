#include "global/smtp/content.h"

/* A line that starts with a dot: the one that ends the content, or one from which a dot is taken. */
static bool
ends_content(const struct smtp_content *content, struct view text, bool crlf)
{
	return text.len == 1 && (!content->strict || (crlf && !content->after_bare_lf));
}

static void
take_part(struct smtp_content *content, struct view text, bool complete)
{
	bool crlf = complete && text.len > 0 && text.data[text.len - 1] == '\r';

	if (crlf)
		text.len--;
	if (complete && !crlf)
		content->bare_lf = true;
	if (content->dots && !content->continued && text.len > 0 && text.data[0] == '.') {
		if (complete && ends_content(content, text, crlf)) {
			content->ended = true;
			return;
		}
		text = view_slice(text, 1, text.len);
	}
	content->after_bare_lf = complete && !crlf;
	content->continued = !complete;
	content->line(text, complete, content->arg);
}

/* The line is longer than the limit. A CR at its end may be half of a line end, so it waits. */
static void
take_full_part(struct smtp_content *content)
{
	struct view text = buf_view(&content->partial);
	bool held = text.data[text.len - 1] == '\r';

	text.len -= held;
	take_part(content, text, false);
	buf_reset(&content->partial);
	if (held)
		buf_putc(&content->partial, '\r');
}

size_t
smtp_content_feed(struct smtp_content *content, struct view bytes)
{
	struct view rest = bytes, room;
	ptrdiff_t end;

	while (rest.len > 0 && !content->ended) {
		room = view_slice(rest, 0, content->line_limit - content->partial.len);
		end = view_find(room, '\n');
		if (end >= 0 && content->partial.len == 0) {
			take_part(content, view_slice(room, 0, (size_t)end), true);
		} else {
			buf_putv(&content->partial, view_slice(room, 0, end >= 0 ? (size_t)end : room.len));
			if (end >= 0) {
				take_part(content, buf_view(&content->partial), true);
				buf_reset(&content->partial);
			} else if (content->partial.len == content->line_limit) {
				take_full_part(content);
			}
		}
		rest = view_slice(rest, end >= 0 ? (size_t)end + 1 : room.len, rest.len);
	}
	return bytes.len - rest.len;
}

void
smtp_content_finish(struct smtp_content *content)
{
	if (content->partial.len == 0 && !content->continued)
		return;
	content->continued = false;
	content->line(buf_view(&content->partial), true, content->arg);
	buf_reset(&content->partial);
}

void
smtp_content_fini(struct smtp_content *content)
{
	buf_fini(&content->partial);
}
