/*
 * The copy that goes into an mbox: whatever the queue file holds, and however its lines are divided into records, no line
 * of the message can be taken for the beginning of another one. And the search for Delivered-To:.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "global/delivery/copy.h"
#include "util/file/file.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
collect(void *arg, struct view block, struct buf *why)
{
	buf_putv(arg, block);
	return true;
}

/* "From " at the start of the first line only, and an empty line at the end. */
static void
expect_one_message(struct view text)
{
	struct view rest = text, line;

	if (!view_starts(text, VIEW("From ")) || !view_ends(text, VIEW("\n\n")))
		abort();
	view_split(rest, '\n', &line, &rest);
	while (view_split(rest, '\n', &line, &rest))
		if (view_starts(line, VIEW("From ")))
			abort();
}

static void
copy(int fd, unsigned flags, const char *line_end, struct view address)
{
	struct delivery_request request = { .fd = fd };
	struct copy_envelope envelope = { address, address, address, flags, line_end };
	struct buf out = BUF_INIT;

	if (message_copy_to(&request, &envelope, collect, &out, NULL) && line_end == NULL)
		expect_one_message(buf_view(&out));
	buf_fini(&out);
}

/* Addresses of the envelope have no line ends: pickup and cleanup see to that (CQ16). */
static struct view
first_line(struct view text)
{
	ptrdiff_t end = view_find_any(text, "\r\n");

	return end >= 0 ? view_slice(text, 0, (size_t)end) : text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned mbox = COPY_FROM_LINE | COPY_QUOTE_FROM | COPY_BLANK_LINE | COPY_RETURN_PATH | COPY_DELIVERED_TO;
	struct view bytes = view_bytes(data, size), address = first_line(bytes);
	struct delivery_request request = { .fd = memfd_create("fuzz", 0) };

	if (request.fd != -1 && file_write_all(request.fd, bytes, NULL)) {
		copy(request.fd, mbox, NULL, address);
		copy(request.fd, ~0U, "\r\n", address);
		message_was_delivered_to(&request, address);
	}
	if (request.fd != -1)
		close(request.fd);
	return 0;
}
