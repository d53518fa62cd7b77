#include "sendmail/input.h"

#include <errno.h>
#include <unistd.h>

#include "util/log/log.h"

enum { BLOCK_SIZE = 16 * 1024 };

void
input_init(struct input *input, int fd, const char *fix_line_endings, size_t piece_max)
{
	*input = (struct input){ .fd = fd, .piece_max = piece_max, .ends = LINE_ENDS_STRICT };
	if (strcmp(fix_line_endings, "always") == 0)
		input->ends = LINE_ENDS_ALWAYS;
	else if (strcmp(fix_line_endings, "never") == 0)
		input->ends = LINE_ENDS_NEVER;
	else if (strcmp(fix_line_endings, "strict") != 0)
		log_fatal("sendmail_fix_line_endings: unknown value: %s", fix_line_endings);
	input->strip = input->ends == LINE_ENDS_ALWAYS;
}

void
input_fini(struct input *input)
{
	buf_fini(&input->block);
}

static void
fill(struct input *input)
{
	ssize_t n;

	buf_remove(&input->block, 0, input->taken);
	input->taken = 0;
	while ((n = read(input->fd, buf_reserve(&input->block, BLOCK_SIZE), BLOCK_SIZE)) == -1 && errno == EINTR)
		;
	if (n == -1)
		log_fatal("read error on standard input: %m");
	if (n == 0)
		input->at_end = true;
	else
		buf_added(&input->block, (size_t)n);
}

/* Enough in the block to make a piece of? A piece and its line end. */
static ptrdiff_t
find_end(struct input *input)
{
	ptrdiff_t end;

	for (;;) {
		struct view rest = view_slice(buf_view(&input->block), input->taken, input->block.len);

		end = view_find(view_slice(rest, 0, input->piece_max + 1), '\n');
		if (end >= 0 || input->at_end || rest.len > input->piece_max)
			return end;
		fill(input);
	}
}

static void
strip_cr(struct input *input, struct buf *line)
{
	bool has_cr = line->len > 0 && line->data[line->len - 1] == '\r';

	if (!input->any && input->ends == LINE_ENDS_STRICT)
		input->strip = has_cr;
	input->any = true;
	if (has_cr && input->strip)
		buf_truncate(line, line->len - 1);
}

bool
input_next(struct input *input, struct buf *piece, bool *whole)
{
	ptrdiff_t end = find_end(input);
	struct view rest = view_slice(buf_view(&input->block), input->taken, input->block.len);

	if (end < 0 && rest.len == 0)
		return false;
	*whole = end >= 0 || (input->at_end && rest.len <= input->piece_max);
	buf_set(piece, view_slice(rest, 0, end >= 0 ? (size_t)end : *whole ? rest.len : input->piece_max));
	input->taken += piece->len + (end >= 0);
	if (end >= 0)
		strip_cr(input, piece);
	return true;
}
