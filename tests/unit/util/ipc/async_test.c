/* The client in a loop; the server is played by a blocking channel in the same process, whose messages are short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/ipc/async.h"
#include "util/net/endpoint.h"

enum { REQUEST = FRAME_TYPE_FIRST, ANSWER, TURNS = 20 };

static const char path[] = "async_test.sock";
static const struct ipc_protocol protocol = { "toy", 1 };

struct test {
	struct loop *loop;
	int listener;
	struct async *async;
	struct channel *server;
	struct buf events;		/* a letter each: R F T C */
	struct buf why;
	bool close_in_handler;
};

static void
record(struct async *async, enum async_event event, const struct frame *frame, const char *why, void *arg)
{
	static const char letters[] = {
		[ASYNC_READY] = 'R', [ASYNC_FRAME] = 'F', [ASYNC_RETIRED] = 'T', [ASYNC_CLOSED] = 'C',
	};
	struct test *test = arg;

	buf_putc(&test->events, letters[event]);
	if (event == ASYNC_CLOSED)
		buf_puts(&test->why, why);
	if (event == ASYNC_FRAME)
		assert_int_equal(frame->type, ANSWER);
	if (test->close_in_handler) {
		async_close(async);
		test->async = NULL;
	}
}

static void
turn(struct test *test)
{
	for (int i = 0; i < TURNS; i++)
		loop_turn(test->loop, 1);
}

static void
test_open(struct test *test, msec_t timeout_ms)
{
	struct buf why = BUF_INIT;
	int fd;

	*test = (struct test){ .loop = loop_new(), .listener = unix_listen(path, 0600, 5, NULL) };
	assert_int_not_equal(test->listener, -1);
	test->async = async_connect(test->loop, path, &protocol, timeout_ms, record, test, &why);
	assert_non_null(test->async);
	assert_false(async_ready(test->async));
	assert_int_not_equal(fd = accept(test->listener, NULL, NULL), -1);
	test->server = channel_new(fd, &protocol);
	buf_fini(&why);
}

static void
test_close(struct test *test)
{
	if (test->async != NULL)
		async_close(test->async);
	channel_free(test->server);
	loop_free(test->loop);
	close(test->listener);
	unlink(path);
	buf_fini(&test->events);
	buf_fini(&test->why);
}

static void
server_sends(struct test *test)
{
	assert_int_equal(channel_flush(test->server, clock_deadline(1000)), CHANNEL_OK);
	turn(test);
}

static void
greet(struct test *test)
{
	channel_greet(test->server);
	server_sends(test);
}

static void
client_asks(struct test *test)
{
	struct buf request = BUF_INIT;
	struct frame frame;

	frame_put_raw(&request, REQUEST, 0, VIEW("question"));
	async_send(test->async, buf_view(&request));
	assert_false(async_ready(test->async));
	assert_int_equal(channel_read(test->server, &frame, clock_deadline(1000)), CHANNEL_OK);
	assert_int_equal(frame.type, REQUEST);
	buf_fini(&request);
}

static void
put_answer(struct test *test)
{
	frame_put_raw(channel_out(test->server), ANSWER, 0, VIEW("answer"));
}

static void
expect(struct test *test, const char *events)
{
	assert_string_equal(buf_c(&test->events), events);
}

static void
test_exchanges(void **state)
{
	struct test test;

	test_open(&test, 2000);
	greet(&test);
	expect(&test, "R");
	assert_true(async_ready(test.async));
	client_asks(&test);
	put_answer(&test);
	channel_put_ready(test.server);
	server_sends(&test);
	client_asks(&test);
	put_answer(&test);
	put_answer(&test);
	channel_put_retire(test.server);
	server_sends(&test);
	expect(&test, "RFRFFT");
	assert_false(async_ready(test.async));
	test_close(&test);
}

static void
test_retire_crosses_request_ip6(void **state)
{
	struct test test;

	test_open(&test, 2000);
	greet(&test);
	client_asks(&test);
	channel_put_retire(test.server);
	server_sends(&test);
	expect(&test, "R");
	put_answer(&test);
	channel_put_retire(test.server);
	server_sends(&test);
	expect(&test, "RFT");
	test_close(&test);
}

static void
test_retire_while_idle(void **state)
{
	struct test test;

	test_open(&test, 2000);
	greet(&test);
	channel_put_retire(test.server);
	server_sends(&test);
	expect(&test, "RT");
	test_close(&test);
}

/* The server dies before hello, before READY, while idle, and under a request. */
static void
test_server_dies(void **state)
{
	for (int when = 0; when < 3; when++) {
		struct test test;

		test_open(&test, 2000);
		if (when > 0)
			greet(&test);
		if (when > 1)
			client_asks(&test);
		channel_free(test.server);
		test.server = NULL;
		turn(&test);
		expect(&test, when > 0 ? "RC" : "C");
		assert_string_equal(buf_c(&test.why), "connection closed");
		assert_false(async_ready(test.async));
		test_close(&test);
	}
}

static const struct {
	const char *what;
	struct view bytes;
	bool greeted;
} junk[] = {
	{ "no hello", VIEW_INIT("\2\0\0\0\2\0"), false },
	{ "bad length", VIEW_INIT("\0\0\0\0\2\0"), false },
	{ "hello again", VIEW_INIT("\2\0\0\0\1\0"), true },
	{ "answer without a question", VIEW_INIT("\2\0\0\0\21\0"), true },
	{ "READY twice", VIEW_INIT("\2\0\0\0\2\0"), true },
	{ "bad length later", VIEW_INIT("\1\0\0\0\2\0"), true },
};

static void
test_junk(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(junk); i++) {
		struct test test;

		test_open(&test, 2000);
		if (junk[i].greeted)
			greet(&test);
		send(channel_fd(test.server), junk[i].bytes.data, junk[i].bytes.len, 0);
		turn(&test);
		if (strcmp(buf_c(&test.events), junk[i].greeted ? "RC" : "C") != 0)
			fail_msg("%s: %s", junk[i].what, buf_c(&test.events));
		test_close(&test);
	}
}

static void
test_wrong_protocol_ip1(void **state)
{
	struct test test;
	struct channel *right;

	test_open(&test, 2000);
	right = test.server;
	test.server = channel_new(dup(channel_fd(right)), &(struct ipc_protocol){ "toy", 2 });
	greet(&test);
	channel_free(right);
	expect(&test, "C");
	assert_non_null(strstr(buf_c(&test.why), "unexpected protocol"));
	test_close(&test);
}

static void
test_timeouts(void **state)
{
	struct test test;

	test_open(&test, 5);
	turn(&test);
	expect(&test, "C");
	assert_string_equal(buf_c(&test.why), "timeout");
	test_close(&test);

	test_open(&test, 50);
	greet(&test);
	usleep(60000);		/* no request, no limit */
	turn(&test);
	expect(&test, "R");
	client_asks(&test);
	usleep(60000);
	turn(&test);
	expect(&test, "RC");
	test_close(&test);
}

static void
test_close_from_handler(void **state)
{
	struct test test;

	test_open(&test, 2000);
	test.close_in_handler = true;
	greet(&test);
	expect(&test, "R");
	assert_null(test.async);
	test_close(&test);
}

/* A request larger than the socket holds is sent as the server reads. */
static void
test_large_request(void **state)
{
	enum { BLOCKS = 40, BLOCK = 60000 };
	static const char block[BLOCK];
	struct buf request = BUF_INIT;
	struct frame frame;
	struct test test;
	int taken = 0;

	test_open(&test, 2000);
	greet(&test);
	for (int i = 0; i < BLOCKS; i++)
		frame_put_raw(&request, REQUEST, i < BLOCKS - 1 ? FRAME_MORE : 0, view_bytes(block, BLOCK));
	async_send(test.async, buf_view(&request));
	for (int tries = 0; taken < BLOCKS && tries < 10000; tries++) {
		loop_turn(test.loop, 0);
		taken += channel_read(test.server, &frame, 0) == CHANNEL_OK;
	}
	assert_int_equal(taken, BLOCKS);
	assert_int_equal(frame.flags, 0);
	test_close(&test);
	buf_fini(&request);
}

/* Connections nobody accepted yet fill the backlog; the next one waits for its turn. */
static void
test_full_backlog(void **state)
{
	struct test test = { .loop = loop_new(), .listener = unix_listen(path, 0600, 0, NULL) };
	int fd, ahead = unix_connect_start(path, NULL);

	assert_int_not_equal(ahead, -1);
	assert_int_equal(unix_connect_start(path, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	test.async = async_connect(test.loop, path, &protocol, 2000, record, &test, NULL);
	assert_non_null(test.async);
	loop_turn(test.loop, 30);
	expect(&test, "");
	assert_int_not_equal(fd = accept(test.listener, NULL, NULL), -1);
	close(fd);
	close(ahead);
	for (int i = 0; i < 200 && (fd = accept(test.listener, NULL, NULL)) == -1; i++)
		loop_turn(test.loop, 10);
	assert_int_not_equal(fd, -1);
	test.server = channel_new(fd, &protocol);
	greet(&test);
	expect(&test, "R");
	test_close(&test);
}

/* It waits no longer than its limit, and closing it while it waits is the end of it. */
static void
test_full_backlog_ends(void **state)
{
	for (int limit_ms = 30; limit_ms <= 2000; limit_ms += 1970) {
		struct test test = { .loop = loop_new(), .listener = unix_listen(path, 0600, 0, NULL) };
		int ahead = unix_connect_start(path, NULL);

		test.async = async_connect(test.loop, path, &protocol, limit_ms, record, &test, NULL);
		assert_non_null(test.async);
		for (int i = 0; i < 20 && test.events.len == 0; i++)
			loop_turn(test.loop, 5);
		expect(&test, limit_ms == 30 ? "C" : "");
		close(ahead);
		test_close(&test);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_retire_crosses_request_ip6),
		cmocka_unit_test(test_retire_while_idle),
		cmocka_unit_test(test_server_dies),
		cmocka_unit_test(test_junk),
		cmocka_unit_test(test_wrong_protocol_ip1),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_close_from_handler),
		cmocka_unit_test(test_large_request),
		cmocka_unit_test(test_full_backlog),
		cmocka_unit_test(test_full_backlog_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
