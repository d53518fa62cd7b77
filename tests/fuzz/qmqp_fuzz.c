/* A request of QMQP: however the bytes are cut, the same is understood. */
#include <stdint.h>
#include <stdlib.h>

#include "global/smtp/qmqp.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
collect(struct view text, void *arg)
{
	buf_putv(arg, text);
}

static void
collect_address(struct view text, void *arg)
{
	buf_putc(arg, '<');
	buf_putv(arg, text);
}

static enum qmqp_result
feed(struct view bytes, size_t step, struct buf *out)
{
	struct qmqp_request request = { .address_max = 32, .message = collect, .sender = collect_address,
	    .recipient = collect_address, .arg = out };
	enum qmqp_result result = QMQP_MORE;

	for (size_t at = 0; at < bytes.len && result == QMQP_MORE; at += step)
		result = qmqp_feed(&request, view_slice(bytes, at, at + step));
	qmqp_request_fini(&request);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf one = BUF_INIT, other = BUF_INIT;
	struct view bytes = view_bytes(data, size);

	if (feed(bytes, 1, &one) != feed(bytes, size + 1, &other) || !view_equal(buf_view(&one), buf_view(&other)))
		abort();
	buf_fini(&one);
	buf_fini(&other);
	return 0;
}
