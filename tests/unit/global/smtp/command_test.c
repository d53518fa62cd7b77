#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "global/queue/envelope.h"
#include "global/smtp/command.h"
#include "util/file/file.h"

enum { ALL = SMTP_PARAM_DSN | SMTP_PARAM_SMTPUTF8 };

static const struct {
	const char *in;
	unsigned allowed;
	int code;		/* 0: good */
} mails[] = {
	{ "",					ALL, 0 },
	{ " SIZE=100",				ALL, 0 },
	{ " size=10",				ALL, 0 },
	{ " SIZE=1 BODY=8BITMIME RET=HDRS ENVID=x SMTPUTF8", ALL, 0 },
	{ " SIZE=abc",				ALL, 501 },
	{ " SIZE=",				ALL, 501 },
	{ " SIZE=99999999999999999999999",	ALL, 0 },	/* more than any limit */
	{ " SIZE=9999999999999999999999x",	ALL, 501 },
	{ " ENVID=",				ALL, 501 },
	{ " SIZE",				ALL, 555 },
	{ " BODY=BINARYMIME",			ALL, 555 },
	{ " RET=SOME",				ALL, 501 },
	{ " RET=HDRS RET=HDRS",			ALL, 501 },
	{ " ENVID=a+zz",			ALL, 501 },	/* AD13 */
	{ " ENVID=a+4",				ALL, 501 },
	{ " ENVID=a+00",			ALL, 501 },
	{ " ENVID=a ENVID=b",			ALL, 501 },
	{ " FOO=bar",				ALL, 555 },
	{ " NOTIFY=NEVER",			ALL, 555 },
	{ " =",					ALL, 555 },	/* SM27 */
	{ " a=",				ALL, 555 },
	{ " \"",				ALL, 555 },
	{ "SIZE=1",				ALL, 555 },	/* no blank behind the path */
	{ " SMTPUTF8",				SMTP_PARAM_DSN, 555 },
	{ " SMTPUTF8=x",			ALL, 555 },
	{ " RET=FULL",				SMTP_PARAM_SMTPUTF8, 501 },
	{ " AUTH=<>",				ALL, 555 },
};

static void
test_mail_params(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(mails); i++) {
		struct arena arena = ARENA_INIT;
		struct smtp_mail_params params;
		struct smtp_fault fault = { 0 };
		struct cursor in = cursor_of(view_string(mails[i].in));

		smtp_mail_params_parse(&in, mails[i].allowed, &arena, &params, &fault);
		if (fault.code != mails[i].code)
			fail_msg("%s: %d", mails[i].in, fault.code);
		arena_fini(&arena);
	}
}

static void
test_params_outlive_their_line(void **state)
{
	char line[] = " ENVID=abc AUTH=def XVERP=-=";
	struct arena arena = ARENA_INIT;
	struct smtp_mail_params params;
	struct smtp_fault fault;
	struct cursor in = cursor_of(view_string(line));

	assert_true(smtp_mail_params_parse(&in, ALL | SMTP_PARAM_AUTH | SMTP_PARAM_VERP, &arena, &params, &fault));
	memset(line, 'x', sizeof(line));
	assert_true(view_is(params.envid, "abc"));
	assert_true(view_is(params.auth, "def"));
	assert_true(view_is(params.verp, "-="));
	arena_fini(&arena);
}

static const struct {
	const char *in, *orcpt;		/* orcpt NULL: refused */
	int notify;
} rcpts[] = {
	{ "",						"",				0 },
	{ " NOTIFY=NEVER",				"",				DSN_NOTIFY_NEVER },
	{ " notify=success,delay",			"",				DSN_NOTIFY_SUCCESS | DSN_NOTIFY_DELAY },
	{ " ORCPT=rfc822;alice+40example.test",		"rfc822;alice@example.test",	0 },
	{ " ORCPT=rfc822;a+2Bb+3Dc@d",			"rfc822;a+b=c@d",		0 },	/* AD14 */
	{ " NOTIFY=NEVER,SUCCESS",			NULL, 0 },
	{ " NOTIFY=SUCCESS,SUCCESS",			"",				DSN_NOTIFY_SUCCESS },
	{ " NOTIFY=SOMETIMES",				NULL, 0 },
	{ " NOTIFY=",					NULL, 0 },
	{ " NOTIFY=NEVER NOTIFY=NEVER",			NULL, 0 },
	{ " ORCPT=rfc822;",				"rfc822;",			0 },
	{ " ORCPT=alice",				NULL, 0 },
	{ " ORCPT=;alice",				NULL, 0 },
	{ " ORCPT=rfc822;a+zz",				NULL, 0 },
	{ " ORCPT=rfc822;a+0D+0Ab",			NULL, 0 },
	{ " ORCPT=rfc822;a ORCPT=rfc822;a",		NULL, 0 },
	{ " SIZE=10",					NULL, 0 },
};

static void
test_rcpt_params(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(rcpts); i++) {
		struct arena arena = ARENA_INIT;
		struct smtp_rcpt_params params;
		struct smtp_fault fault;
		struct cursor in = cursor_of(view_string(rcpts[i].in));
		bool good = smtp_rcpt_params_parse(&in, ALL, &arena, &params, &fault);

		if (good != (rcpts[i].orcpt != NULL))
			fail_msg("%s", rcpts[i].in);
		if (good) {
			assert_true(view_is(params.orcpt, rcpts[i].orcpt));
			assert_int_equal(params.notify, rcpts[i].notify);
		}
		arena_fini(&arena);
	}
}

static void
test_bdat(void **state)
{
	uint64_t size;
	bool last;

	assert_true(smtp_bdat_parse(VIEW("10"), &size, &last));
	assert_int_equal(size, 10);
	assert_false(last);
	assert_true(smtp_bdat_parse(VIEW("0 last"), &size, &last));
	assert_true(last);
	assert_false(smtp_bdat_parse(VIEW(""), &size, &last));
	assert_false(smtp_bdat_parse(VIEW("x"), &size, &last));
	assert_false(smtp_bdat_parse(VIEW("-1"), &size, &last));
	assert_false(smtp_bdat_parse(VIEW("5 FIRST"), &size, &last));
	assert_false(smtp_bdat_parse(VIEW("5LAST"), &size, &last));
	assert_false(smtp_bdat_parse(VIEW("1 LAST 2"), &size, &last));
	assert_false(smtp_bdat_parse(VIEW("99999999999999999999999"), &size, &last));
}

static struct stream *
stream_of(struct view bytes)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_true(file_write_all(fds[1], bytes, NULL));
	close(fds[1]);
	return stream_new(fds[0]);
}

/* SM14: no tail of a long line is taken for a command */
static void
test_long_lines_go_whole(void **state)
{
	struct stream *stream = stream_of(VIEW("0123456789RCPT\r\nNOOP\r\nQUIT\nlast"));
	struct buf line = BUF_INIT;
	bool bare_lf;

	assert_int_equal(smtp_command_read(stream, 10, &line, &bare_lf), STREAM_LONG);
	assert_int_equal(smtp_command_read(stream, 10, &line, &bare_lf), STREAM_OK);
	assert_string_equal(buf_c(&line), "NOOP");
	assert_false(bare_lf);
	assert_int_equal(smtp_command_read(stream, 10, &line, &bare_lf), STREAM_OK);
	assert_string_equal(buf_c(&line), "QUIT");
	assert_true(bare_lf);
	assert_int_equal(smtp_command_read(stream, 10, &line, &bare_lf), STREAM_EOF);
	buf_fini(&line);
	stream_free(stream);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail_params),
		cmocka_unit_test(test_params_outlive_their_line),
		cmocka_unit_test(test_rcpt_params),
		cmocka_unit_test(test_bdat),
		cmocka_unit_test(test_long_lines_go_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
