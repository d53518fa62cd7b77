/* Channels over a socket pair; the server's side is played by hand or by a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/ipc/channel.h"
#include "util/net/endpoint.h"

enum { REQUEST = FRAME_TYPE_FIRST, ANSWER, WAIT_MS = 2000 };

static const struct ipc_protocol protocol = { "toy", 3 };

struct pair {
	struct channel *client, *server;
};

static void
pair_open(struct pair *pair)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	pair->client = channel_new(fds[0], &protocol);
	pair->server = channel_new(fds[1], &protocol);
}

static void
pair_close(struct pair *pair)
{
	channel_free(pair->client);
	channel_free(pair->server);
}

static msec_t
soon(void)
{
	return clock_deadline(WAIT_MS);
}

static void
put(struct channel *channel, unsigned type, unsigned flags, const char *text)
{
	frame_put_raw(channel_out(channel), type, flags, view_string(text));
}

static void
send_frame(struct channel *channel, unsigned type, const char *text)
{
	put(channel, type, 0, text);
	assert_int_equal(channel_flush(channel, soon()), CHANNEL_OK);
}

static void
expect(struct channel *channel, unsigned type, const char *text)
{
	struct frame frame;

	assert_int_equal(channel_read(channel, &frame, soon()), CHANNEL_OK);
	assert_int_equal(frame.type, type);
	assert_true(view_is(frame.payload, text));
}

/* Leaves as soon as it has greeted; with others closes without a word. */
static void
greet_and_leave(int fd, const struct ipc_protocol *spoken, bool politely)
{
	struct channel *server = channel_new(fd, spoken);

	channel_greet(server);
	channel_put_retire(server);
	if (politely)
		channel_flush(server, soon());
	channel_free(server);
}

/* channel_connect() to a server that greets as told, after some others that were leaving. */
static struct channel *
connect_past(int leaving, const struct ipc_protocol *spoken, struct buf *why)
{
	static const char path[] = "channel_test.sock";
	struct channel *server, *client;
	int listener = unix_listen(path, 0600, 5, NULL);
	pid_t pid;

	assert_int_not_equal(listener, -1);
	if ((pid = fork()) == 0) {
		int fd;

		while ((fd = accept(listener, NULL, NULL)) == -1 || leaving > 0) {
			if (fd == -1)
				usleep(1000);
			else
				greet_and_leave(fd, spoken, leaving-- % 2);
		}
		server = channel_new(fd, spoken);
		channel_greet(server);
		channel_flush(server, soon());
		pause();
	}
	client = channel_connect(path, &protocol, soon(), why);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(listener);
	unlink(path);
	return client;
}

static struct channel *
connect_to(const struct ipc_protocol *spoken, struct buf *why)
{
	return connect_past(0, spoken, why);
}

static void
test_servers_that_leave_are_passed_over(void **state)
{
	struct buf why = BUF_INIT;
	struct channel *client = connect_past(3, &protocol, &why);

	assert_non_null(client);
	channel_free(client);
	assert_null(connect_past(50, &protocol, &why));
	buf_fini(&why);
}

static void
test_hello_ip1(void **state)
{
	struct buf why = BUF_INIT;
	struct channel *client = connect_to(&protocol, &why);

	assert_non_null(client);
	channel_free(client);
	assert_null(connect_to(&(struct ipc_protocol){ "toy", 4 }, &why));
	assert_non_null(strstr(buf_c(&why), "unexpected protocol toy version 4, not toy version 3"));
	assert_non_null(strstr(buf_c(&why), "postfix reload"));
	assert_null(connect_to(&(struct ipc_protocol){ "other", 3 }, &why));
	assert_non_null(strstr(buf_c(&why), "unexpected protocol other"));
	buf_fini(&why);
}

/* Takes the greeting that channel_connect() would take. */
static void
greet(struct pair *pair)
{
	char hello[100];
	size_t len;

	channel_greet(pair->server);
	len = channel_out(pair->server)->len - 6;	/* READY stays in the socket */
	assert_int_equal(channel_flush(pair->server, soon()), CHANNEL_OK);
	assert_int_equal(recv(channel_fd(pair->client), hello, len, 0), (ssize_t)len);
	assert_true(channel_finish(pair->client, soon()));
}

static void
test_exchanges(void **state)
{
	struct pair pair;

	pair_open(&pair);
	greet(&pair);
	for (int i = 0; i < 3; i++) {
		assert_true(channel_ready(pair.client));
		send_frame(pair.client, REQUEST, "question");
		assert_false(channel_ready(pair.client));
		expect(pair.server, REQUEST, "question");
		put(pair.server, ANSWER, 0, "answer");
		if (i < 2)
			channel_put_ready(pair.server);
		else
			channel_put_retire(pair.server);
		assert_int_equal(channel_flush(pair.server, soon()), CHANNEL_OK);
		expect(pair.client, ANSWER, "answer");
		assert_int_equal(channel_finish(pair.client, soon()), i < 2);
	}
	assert_false(channel_ready(pair.client));
	pair_close(&pair);
}

/* The server retires while our request is on its way: it is served all the same. */
static void
test_retire_crosses_request_ip6(void **state)
{
	struct pair pair;

	pair_open(&pair);
	greet(&pair);
	assert_true(channel_ready(pair.client));
	channel_put_retire(pair.server);
	assert_int_equal(channel_flush(pair.server, soon()), CHANNEL_OK);
	send_frame(pair.client, REQUEST, "question");
	expect(pair.server, REQUEST, "question");
	put(pair.server, ANSWER, 0, "answer");
	channel_put_retire(pair.server);
	assert_int_equal(channel_flush(pair.server, soon()), CHANNEL_OK);
	expect(pair.client, ANSWER, "answer");
	assert_false(channel_finish(pair.client, soon()));
	pair_close(&pair);
}

static void
test_client_sees_retire_and_end(void **state)
{
	struct pair pair;

	pair_open(&pair);
	greet(&pair);
	channel_put_retire(pair.server);
	assert_int_equal(channel_flush(pair.server, soon()), CHANNEL_OK);
	assert_false(channel_ready(pair.client));
	pair_close(&pair);

	pair_open(&pair);
	greet(&pair);
	channel_free(pair.server);
	pair.server = NULL;
	assert_false(channel_ready(pair.client));
	pair_close(&pair);
}

/* Each byte of an exchange may be the last one; the reader never sees half a frame, and never dies. */
static void
test_end_at_every_point(void **state)
{
	struct buf bytes = BUF_INIT;
	struct frame frame;
	struct pair pair;

	frame_put_raw(&bytes, REQUEST, 0, VIEW("0123456789"));
	for (size_t n = 0; n <= bytes.len; n++) {
		pair_open(&pair);
		assert_int_equal(send(channel_fd(pair.client), bytes.data, n, 0), (ssize_t)n);
		channel_free(pair.client);
		if (n == bytes.len)
			assert_int_equal(channel_read(pair.server, &frame, soon()), CHANNEL_OK);
		assert_int_equal(channel_read(pair.server, &frame, soon()),
		    n == 0 || n == bytes.len ? CHANNEL_EOF : CHANNEL_BROKEN);
		put(pair.server, ANSWER, 0, "too late");
		assert_int_equal(channel_flush(pair.server, soon()), CHANNEL_BROKEN);
		channel_free(pair.server);
	}
	buf_fini(&bytes);
}

static const struct {
	const char *what;
	struct view bytes;
	bool to_server;
} junk[] = {
	{ "length 1", VIEW_INIT("\1\0\0\0\20\0"), true },
	{ "length too large", VIEW_INIT("\1\0\1\0\20\0"), true },
	{ "READY from a client", VIEW_INIT("\2\0\0\0\2\0"), true },
	{ "RETIRE from a client", VIEW_INIT("\2\0\0\0\3\0"), true },
	{ "HELLO from a client", VIEW_INIT("\2\0\0\0\1\0"), true },
	{ "HELLO again", VIEW_INIT("\2\0\0\0\1\0"), false },
	{ "unknown type of the channel", VIEW_INIT("\2\0\0\0\17\0"), false },
	{ "descriptors declared, none sent", VIEW_INIT("\2\0\0\0\20\10"), true },
	{ "too many descriptors declared", VIEW_INIT("\2\0\0\0\20\370"), true },
};

static void
test_junk_breaks_ip12(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(junk); i++) {
		struct frame frame;
		struct pair pair;
		struct channel *from, *to;

		pair_open(&pair);
		greet(&pair);
		from = junk[i].to_server ? pair.client : pair.server;
		to = junk[i].to_server ? pair.server : pair.client;
		send(channel_fd(from), junk[i].bytes.data, junk[i].bytes.len, 0);
		if (channel_read(to, &frame, soon()) != CHANNEL_BROKEN)
			fail_msg("%s", junk[i].what);
		assert_string_equal(channel_why(to), "malformed frame");
		assert_int_equal(channel_read(to, &frame, soon()), CHANNEL_BROKEN);
		pair_close(&pair);
	}
}

static void
test_slow_peer(void **state)
{
	struct frame frame;
	struct pair pair;

	pair_open(&pair);
	assert_int_equal(channel_read(pair.server, &frame, clock_deadline(20)), CHANNEL_TIMEOUT);
	send_frame(pair.client, REQUEST, "late, not lost");
	expect(pair.server, REQUEST, "late, not lost");
	for (int i = 0; i < 100; i++)
		frame_put_raw(channel_out(pair.client), REQUEST, 0, view_bytes((char[60000]){ 0 }, 60000));
	assert_int_equal(channel_flush(pair.client, clock_deadline(20)), CHANNEL_TIMEOUT);
	pair_close(&pair);
}

/* IP8: a peer that resets is noticed at once, by readers and writers, and not when time is up. */
static void
test_reset_is_seen_at_once_ip8(void **state)
{
	static const size_t backlog[] = { 1, 100 };		/* frames that the peer never read: then the end is a reset */

	for (size_t i = 0; i < ARRAY_COUNT(backlog); i++) {
		struct frame frame;
		struct pair pair;
		msec_t begin = clock_now();

		pair_open(&pair);
		for (size_t n = 0; n < backlog[i]; n++)
			frame_put_raw(channel_out(pair.client), REQUEST, 0, view_bytes((char[60000]){ 0 }, 60000));
		channel_flush(pair.client, clock_deadline(10));
		channel_free(pair.server);
		pair.server = NULL;
		assert_int_not_equal(channel_read(pair.client, &frame, clock_deadline(WAIT_MS)), CHANNEL_OK);
		put(pair.client, REQUEST, 0, "too late");
		assert_int_equal(channel_flush(pair.client, clock_deadline(WAIT_MS)), CHANNEL_BROKEN);
		assert_true(clock_now() - begin < WAIT_MS / 2);
		pair_close(&pair);
	}
}

/* IP8: to wait for a peer that reads nothing costs nothing, even if it has said its last word. */
static void
test_waiting_is_no_busy_loop_ip8(void **state)
{
	for (int half_closed = 0; half_closed < 2; half_closed++) {
		struct pair pair;
		clock_t used;

		pair_open(&pair);
		if (half_closed)
			shutdown(channel_fd(pair.server), SHUT_WR);
		for (int i = 0; i < 100; i++)
			frame_put_raw(channel_out(pair.client), REQUEST, 0, view_bytes((char[60000]){ 0 }, 60000));
		used = clock();
		assert_int_equal(channel_flush(pair.client, clock_deadline(200)), CHANNEL_TIMEOUT);
		assert_true(clock() - used < CLOCKS_PER_SEC / 10);
		pair_close(&pair);
	}
}

static void
test_gone(void **state)
{
	struct pair pair;

	pair_open(&pair);
	assert_false(channel_gone(pair.server));
	send_frame(pair.client, REQUEST, "the last");
	assert_false(channel_gone(pair.server));
	channel_free(pair.client);
	pair.client = NULL;
	assert_true(channel_gone(pair.server));		/* though what it said waits to be read */
	expect(pair.server, REQUEST, "the last");
	pair_close(&pair);
}

/* -- long runs ----------------------------------------------------------------------------------- */

enum { RUN_FRAMES = 200, BLOCK = 50000 };

static void
put_block(struct channel *channel, unsigned flags)
{
	static const char block[BLOCK];

	frame_put_raw(channel_out(channel), REQUEST, flags, view_bytes(block, BLOCK));
}

/* The reader gives up, says STOP and answers without reading on: the writer notices while its writes would block. */
static void
server_that_stops(struct channel *server)
{
	struct frame frame;

	channel_read(server, &frame, soon());
	channel_put_stop(server);
	do {
		if (channel_read(server, &frame, soon()) != CHANNEL_OK)
			_exit(1);
	} while (frame.flags & FRAME_MORE);
	put(server, ANSWER, 0, "disk full");
	channel_put_ready(server);
	_exit(channel_flush(server, soon()) != CHANNEL_OK);
}

static void
test_stop_ends_a_run(void **state)
{
	struct pair pair;
	int status, sent = 0;
	pid_t pid;

	pair_open(&pair);
	if ((pid = fork()) == 0)
		server_that_stops(pair.server);
	while (sent < RUN_FRAMES && !channel_stopped(pair.client)) {
		put_block(pair.client, FRAME_MORE);
		assert_int_equal(channel_flush(pair.client, soon()), CHANNEL_OK);
		sent++;
	}
	assert_true(sent < RUN_FRAMES);
	send_frame(pair.client, REQUEST, "");
	expect(pair.client, ANSWER, "disk full");
	assert_true(channel_finish(pair.client, soon()));
	assert_false(channel_stopped(pair.client));
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	pair_close(&pair);
}

/* Both write more than a socket holds before either reads: one frame each way is taken in meanwhile. */
static void
test_two_writers(void **state)
{
	struct frame frame;
	struct pair pair;
	int status;
	pid_t pid;

	pair_open(&pair);
	for (int i = 0; i < 2; i++)
		setsockopt(channel_fd(i ? pair.client : pair.server), SOL_SOCKET, SO_SNDBUF,
		    &(int){ 4096 }, sizeof(int));
	if ((pid = fork()) == 0) {
		put_block(pair.server, 0);
		_exit(channel_flush(pair.server, soon()) != CHANNEL_OK ||
		    channel_read(pair.server, &frame, soon()) != CHANNEL_OK);
	}
	put_block(pair.client, 0);
	assert_int_equal(channel_flush(pair.client, soon()), CHANNEL_OK);
	assert_int_equal(channel_read(pair.client, &frame, soon()), CHANNEL_OK);
	assert_int_equal(frame.payload.len, BLOCK);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	pair_close(&pair);
}

/* -- descriptors --------------------------------------------------------------------------------- */

static int
open_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

static bool
same_file(int fd, const struct stat *st)
{
	struct stat other;

	return fstat(fd, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

static void
test_descriptors_ip10(void **state)
{
	int before = open_fds(), fd, pipes[2];
	struct stat st;
	struct frame frame;
	struct pair pair;

	pair_open(&pair);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(fstat(pipes[0], &st), 0);
	put(pair.client, REQUEST, 0, "none");
	channel_put_fd(pair.client, pipes[0]);
	channel_put_fd(pair.client, pipes[1]);
	put(pair.client, REQUEST, FRAME_MORE, "two");
	put(pair.client, REQUEST, 0, "none either");
	assert_int_equal(channel_flush(pair.client, soon()), CHANNEL_OK);
	expect(pair.server, REQUEST, "none");
	assert_int_equal(channel_take_fd(pair.server), -1);
	assert_int_equal(channel_read(pair.server, &frame, soon()), CHANNEL_OK);
	assert_int_equal(frame.flags, FRAME_MORE);
	assert_int_not_equal(fd = channel_take_fd(pair.server), -1);
	assert_true(same_file(fd, &st));
	close(fd);
	expect(pair.server, REQUEST, "none either");	/* closes the second, which nobody took */
	assert_int_equal(channel_take_fd(pair.server), -1);
	pair_close(&pair);
	assert_int_equal(open_fds(), before);
}

/* Descriptors without a frame that declares them. */
static void
send_undeclared(int to, struct view bytes, int count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)bytes.data, bytes.len };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c;
	int fd = STDIN_FILENO;

	message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
	c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	for (int i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &fd, sizeof(fd));
	assert_int_equal(sendmsg(to, &message, 0), (ssize_t)bytes.len);
}

static void
test_undeclared_descriptors_ip12(void **state)
{
	int before = open_fds();
	struct frame frame;
	struct pair pair;

	pair_open(&pair);
	send_undeclared(channel_fd(pair.client), VIEW("\2\0\0\0\20\0"), 3);
	expect(pair.server, REQUEST, "");
	assert_int_equal(channel_take_fd(pair.server), -1);
	assert_int_equal(open_fds(), before + 2);
	for (int i = 0; i < 3; i++)		/* more than 32 in flight */
		send_undeclared(channel_fd(pair.client), VIEW("x"), 16);
	assert_int_equal(channel_read(pair.server, &frame, soon()), CHANNEL_BROKEN);
	pair_close(&pair);
	assert_int_equal(open_fds(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_ip1),
		cmocka_unit_test(test_servers_that_leave_are_passed_over),
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_retire_crosses_request_ip6),
		cmocka_unit_test(test_client_sees_retire_and_end),
		cmocka_unit_test(test_end_at_every_point),
		cmocka_unit_test(test_junk_breaks_ip12),
		cmocka_unit_test(test_slow_peer),
		cmocka_unit_test(test_reset_is_seen_at_once_ip8),
		cmocka_unit_test(test_waiting_is_no_busy_loop_ip8),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_stop_ends_a_run),
		cmocka_unit_test(test_two_writers),
		cmocka_unit_test(test_descriptors_ip10),
		cmocka_unit_test(test_undeclared_descriptors_ip12),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
