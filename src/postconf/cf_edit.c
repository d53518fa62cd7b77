#include "postconf/cf_edit.h"

#include "util/text/chars.h"

struct block {
	struct view lines;	/* physical lines of one logical line, from the first to behind the last that counts */
	struct buf joined;
};

/* The first line of *rest, its end included. */
static bool
take_line(struct view *rest, struct view *line)
{
	ptrdiff_t end = view_find(*rest, '\n');
	size_t length = end >= 0 ? (size_t)end + 1 : rest->len;

	*line = view_slice(*rest, 0, length);
	*rest = view_slice(*rest, length, rest->len);
	return line->len > 0;
}

static bool
counts(struct view line)
{
	struct view text = view_trim(line);

	return text.len > 0 && text.data[0] != '#';
}

/* Reads the logical line whose first line was just taken. */
static void
take_block(struct view first, struct view *rest, struct block *block)
{
	struct view ahead = *rest, line;

	block->lines = first;
	buf_set(&block->joined, view_trim(first));
	while (take_line(&ahead, &line)) {
		if (!counts(line))
			continue;
		if (!char_is(line.data[0], CHAR_SPACE))
			break;
		buf_putc(&block->joined, ' ');
		buf_putv(&block->joined, view_trim(line));
		block->lines.len = (size_t)(line.data + line.len - first.data);
		*rest = ahead;
	}
}

static void
put_comments(struct view lines, struct buf *out)
{
	struct view line;

	while (take_line(&lines, &line))
		if (!counts(line))
			buf_putv(out, line);
}

static void
comment_out(struct view lines, struct buf *out)
{
	struct view line;

	while (take_line(&lines, &line)) {
		if (counts(line))
			buf_putc(out, '#');
		buf_putv(out, line);
	}
}

static void
edit_block(const struct block *block, cf_decide *decide, void *arg, struct buf *out)
{
	struct buf replacement = BUF_INIT;

	switch (decide(buf_view(&block->joined), &replacement, arg)) {
	case CF_KEEP:
		buf_putv(out, block->lines);
		break;
	case CF_REPLACE:
		buf_putv(out, buf_view(&replacement));
		buf_putc(out, '\n');
		put_comments(block->lines, out);
		break;
	case CF_REMOVE:
		put_comments(block->lines, out);
		break;
	case CF_COMMENT:
		comment_out(block->lines, out);
		break;
	}
	buf_fini(&replacement);
}

void
cf_edit(struct view text, cf_decide *decide, void *arg, struct buf *out)
{
	struct block block = { VIEW_EMPTY, BUF_INIT };
	struct view line;

	while (take_line(&text, &line)) {
		if (!counts(line)) {
			buf_putv(out, line);
			continue;
		}
		take_block(line, &text, &block);
		edit_block(&block, decide, arg, out);
	}
	buf_fini(&block.joined);
}

void
cf_append(struct buf *out, struct view line)
{
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		buf_putc(out, '\n');
	buf_putv(out, line);
	buf_putc(out, '\n');
}
