#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "global/smtp/qmqp.h"

enum { ADDRESS_MAX = 8 };

static const struct {
	const char *name, *in, *out;	/* out NULL: malformed; "": more is wanted */
} requests[] = {
	{ "one recipient",	"17:2:hi,3:a@b,3:c@d,,",	"[hi]<a@b>(c@d)" },
	{ "two recipients",	"23:2:hi,3:a@b,3:c@d,3:e@f,,",	"[hi]<a@b>(c@d)(e@f)" },
	{ "empty message",	"15:0:,3:a@b,3:c@d,,",		"<a@b>(c@d)" },
	{ "null sender",	"14:2:hi,0:,3:c@d,,",		"[hi]<>(c@d)" },
	{ "no recipient",	"11:2:hi,3:a@b,,",		"[hi]<a@b>" },
	{ "behind the end",	"11:2:hi,3:a@b,,zzz",		"[hi]<a@b>" },
	{ "nothing yet",	"",				"" },
	{ "half",		"17:2:hi,3:a@b,3:c",		"" },
	{ "no comma yet",	"17:2:hi,3:a@b,3:c@d,",		"" },
	{ "no sender",		"5:2:hi,,",			NULL },
	{ "no length",		":2:hi,3:a@b,3:c@d,,",		NULL },
	{ "not a number",	"x",				NULL },
	{ "negative",		"-1:",				NULL },
	{ "leading zero",	"017:2:hi,3:a@b,3:c@d,,",	NULL },
	{ "empty request",	"0:,",				NULL },
	{ "endless number",	"1111111111111",		NULL },
	{ "item too long",	"17:2:hi,3:a@b,9:c@d,,",	NULL },
	{ "item ends outside",	"17:2:hi,3:a@b,4:c@d,,",	NULL },
	{ "item too short",	"17:1:hi,3:a@b,3:c@d,,",	NULL },
	{ "outer too short",	"16:2:hi,3:a@b,3:c@d,,",	NULL },
	{ "outer too long",	"18:2:hi,3:a@b,3:c@d,,",	NULL },
	{ "number cut off",	"14:2:hi,3:a@b,3:c@d,,",	NULL },
	{ "address too long",	"30:2:hi,9:aaaaaaa@b,3:c@d,,",	NULL },
};

static void
put(void *out, char before, struct view text, char behind)
{
	buf_putc(out, before);
	buf_putv(out, text);
	buf_putc(out, behind);
}

static void
message(struct view piece, void *arg)
{
	struct buf *out = arg;

	if (out->len > 0 && buf_c(out)[out->len - 1] == ']')
		buf_truncate(out, out->len - 1);
	else
		buf_putc(out, '[');
	buf_putv(out, piece);
	buf_putc(out, ']');
}

static void
sender(struct view address, void *arg)
{
	put(arg, '<', address, '>');
}

static void
recipient(struct view address, void *arg)
{
	put(arg, '(', address, ')');
}

static enum qmqp_result
feed(struct view in, size_t step, struct buf *out)
{
	struct qmqp_request request = { .address_max = ADDRESS_MAX, .message = message, .sender = sender,
	    .recipient = recipient, .arg = out };
	enum qmqp_result result = QMQP_MORE;

	for (size_t at = 0; at < in.len && result == QMQP_MORE; at += step)
		result = qmqp_feed(&request, view_slice(in, at, at + step));
	qmqp_request_fini(&request);
	return result;
}

static void
check(size_t i, size_t step)
{
	struct buf out = BUF_INIT;
	enum qmqp_result result = feed(view_string(requests[i].in), step, &out);
	enum qmqp_result expected = requests[i].out == NULL ? QMQP_MALFORMED : *requests[i].out == '\0' ? QMQP_MORE : QMQP_DONE;

	if (result != expected || (result == QMQP_DONE && strcmp(buf_c(&out), requests[i].out) != 0))
		fail_msg("%s by %zu: %d %s", requests[i].name, step, result, buf_c(&out));
	buf_fini(&out);
}

static void
test_requests(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
		check(i, 1);
		check(i, 3);
		check(i, 1000);
	}
}

static void
test_nul_in_an_address(void **state)
{
	struct buf out = BUF_INIT;

	assert_int_equal(feed(VIEW("17:2:hi,3:a@b,3:c\0d,,"), 1000, &out), QMQP_MALFORMED);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_nul_in_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
