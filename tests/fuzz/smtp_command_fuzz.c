/* What a client says: parameters of MAIL and RCPT, chunk sizes, and content. */
#include <stdint.h>

#include "global/address/address.h"
#include "global/smtp/command.h"
#include "global/smtp/content.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
command(struct view text)
{
	struct arena arena = ARENA_INIT;
	struct cursor in = cursor_of(text), rcpt;
	struct address address;
	struct smtp_mail_params mail_params;
	struct smtp_rcpt_params rcpt_params;
	struct smtp_fault fault;
	uint64_t chunk;
	bool last;

	smtp_bdat_parse(text, &chunk, &last);
	if (smtp_path_keyword(&in, "FROM"))
		address_parse_path(&in, false, &arena, &address, NULL);
	rcpt = in;
	smtp_mail_params_parse(&in, ~0U, &arena, &mail_params, &fault);
	smtp_rcpt_params_parse(&rcpt, ~0U, &arena, &rcpt_params, &fault);
	arena_fini(&arena);
}

static void
collect(struct view text, bool complete, void *arg)
{
	buf_putv(arg, text);
	buf_putc(arg, complete ? '\n' : '/');
}

static void
content(struct view bytes, size_t step, bool dots, bool strict, struct buf *out)
{
	struct smtp_content decoder = { .line_limit = 16, .dots = dots, .strict = strict, .line = collect, .arg = out };

	while (bytes.len > 0 && !decoder.ended)
		bytes = view_slice(bytes, smtp_content_feed(&decoder, view_slice(bytes, 0, step)), bytes.len);
	smtp_content_finish(&decoder);
	smtp_content_fini(&decoder);
}

/* However the bytes are cut, the lines are the same. */
static void
both_ways(struct view bytes, bool dots, bool strict)
{
	struct buf one = BUF_INIT, other = BUF_INIT;

	content(bytes, 1, dots, strict, &one);
	content(bytes, bytes.len + 1, dots, strict, &other);
	if (!view_equal(buf_view(&one), buf_view(&other)))
		abort();
	buf_fini(&one);
	buf_fini(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = view_bytes(data, size);

	command(text);
	both_ways(text, true, true);
	both_ways(text, true, false);
	both_ways(text, false, false);
	return 0;
}
