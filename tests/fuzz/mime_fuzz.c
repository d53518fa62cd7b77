/* MIME: however the bytes are cut into pieces, the same message comes out; and seven bits are seven bits. */
#include <assert.h>
#include <stdint.h>

#include "global/message/mime.h"
#include "util/text/buf.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_header(void *arg, enum mime_section section, const struct header_name *name, struct view text)
{
	buf_putv(arg, text);
	buf_putc(arg, '\n');
}

static void
on_end_of_header(void *arg, enum mime_section section, bool empty_line)
{
	buf_puts(arg, empty_line ? "\n" : "");
}

static void
on_body(void *arg, struct view piece, bool complete)
{
	buf_putv(arg, piece);
	buf_puts(arg, complete ? "\n" : "");
}

static const struct mime_handler handler = { on_header, on_end_of_header, on_body, NULL };

static void
run(const struct mime_policy *policy, struct view text, size_t piece_max, struct buf *out)
{
	struct mime *mime = mime_new(policy, &handler, out);
	struct view line;

	while (view_split(text, '\n', &line, &text)) {
		for (; piece_max > 0 && line.len > piece_max; line = view_slice(line, piece_max, line.len))
			mime_line(mime, view_slice(line, 0, piece_max), false);
		mime_line(mime, line, true);
	}
	mime_end(mime);
	mime_free(mime);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mime_policy policy = { 2000, 70, 5, MIME_STRUCTURE };
	struct buf lines = BUF_INIT, pieces = BUF_INIT;

	if (size == 0)
		return 0;
	policy.flags |= data[0] & 1 ? MIME_TO_7BIT : 0;
	run(&policy, view_bytes(data + 1, size - 1), 0, &lines);
	run(&policy, view_bytes(data + 1, size - 1), 1 + data[0] / 2, &pieces);
	assert(view_equal(buf_view(&lines), buf_view(&pieces)));
	buf_fini(&lines);
	buf_fini(&pieces);
	return 0;
}
