#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "global/smtp/reply.h"
#include "util/file/file.h"

static void
check_put(int code, const char *enhanced, struct view text, const char *expect)
{
	int fds[2];
	struct buf got = BUF_INIT;
	struct stream *stream;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	stream = stream_new(fds[0]);
	smtp_reply_put(stream, code, enhanced, text);
	assert_int_equal(stream_flush(stream), STREAM_OK);
	stream_free(stream);
	assert_true(file_read_fd(fds[1], 10000, &got, NULL));
	close(fds[1]);
	assert_string_equal(buf_c(&got), expect);
	buf_fini(&got);
}

/* SM17: no line end of a text reaches the wire as it is */
static void
test_put(void **state)
{
	check_put(250, NULL, VIEW("host"), "250 host\r\n");
	check_put(250, "2.1.0", VIEW("Ok"), "250 2.1.0 Ok\r\n");
	check_put(250, NULL, VIEW("host\nSIZE\r\nDSN"), "250-host\r\n250-SIZE\r\n250 DSN\r\n");
	check_put(550, "5.7.1", VIEW("a\rb"), "550-5.7.1 a\r\n550 5.7.1 b\r\n");
	check_put(550, "5.7.1", VIEW("a\001b\0c"), "550 5.7.1 a?b?c\r\n");
	check_put(550, "5.7.1", VIEW(""), "550 5.7.1\r\n");
}

static const struct {
	const char *in;
	int code;		/* 0: malformed */
	const char *dsn, *text;
} replies[] = {
	{ "250 2.0.0 ok\r\n",			250, "2.0.0", "250 2.0.0 ok" },
	{ "250 ok\r\n",				250, "", "250 ok" },
	{ "250\r\n",				250, "", "250" },
	{ "250-a\r\n250-b\r\n250 c\r\n",	250, "", "250-a\n250-b\n250 c" },
	{ "250-a\n250 c\n",			250, "", "250-a\n250 c" },
	{ "550 2.1.1 mixed classes\r\n",	550, "", "550 2.1.1 mixed classes" },
	{ "250-a\r\n251 b\r\n",			0, NULL, NULL },
	{ "junk\r\n",				0, NULL, NULL },
	{ "25\r\n",				0, NULL, NULL },
	{ "250x\r\n",				0, NULL, NULL },
	{ "199 no\r\n",				0, NULL, NULL },
	{ "1-\r\n1-\r\n",			0, NULL, NULL },
	{ "250-1\r\n250-2\r\n250-3\r\n250-4\r\n250 5\r\n", 0, NULL, NULL },	/* more lines than allowed */
	{ "250 0123456789012345678901234567890123456789too long\r\n", 250, "", "250 012345678901234567890123456789012345" },
};

static void
test_read(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(replies); i++) {
		struct smtp_reply reply = { .text = BUF_INIT };
		struct stream *stream;
		enum stream_result result;
		int fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		assert_true(file_write_all(fds[1], view_string(replies[i].in), NULL));
		stream = stream_new(fds[0]);
		result = smtp_reply_read(stream, 40, 4, &reply);
		if ((result == STREAM_OK) != (replies[i].code != 0))
			fail_msg("%s: %d", replies[i].in, result);
		if (result == STREAM_OK) {
			assert_int_equal(reply.code, replies[i].code);
			assert_string_equal(reply.dsn, replies[i].dsn);
			assert_string_equal(buf_c(&reply.text), replies[i].text);
		} else {
			assert_int_equal(errno, EPROTO);
		}
		buf_fini(&reply.text);
		stream_free(stream);
		close(fds[1]);
	}
}

static bool
refuse_second(void *arg, struct buf *line)
{
	return ++*(int *)arg < 2;
}

static void
test_filter_that_fails(void **state)
{
	int fds[2], lines = 0;
	struct smtp_reply reply = { .text = BUF_INIT, .filter = refuse_second, .filter_arg = &lines };
	struct stream *stream;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_true(file_write_all(fds[1], VIEW("250-a\r\n250-b\r\n250 c\r\n"), NULL));
	stream = stream_new(fds[0]);
	assert_int_equal(smtp_reply_read(stream, 40, 4, &reply), STREAM_ERROR);
	assert_int_equal(errno, ENODATA);
	assert_int_equal(lines, 2);
	buf_fini(&reply.text);
	stream_free(stream);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_filter_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
