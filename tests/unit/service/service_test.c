/* The service frame, a process each: limits, reload, slow peers, and both ends dying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "toys.h"
#include "util/file/file.h"

enum { WAIT_MS = 60 * 1000 };	/* for a machine with much else to do */

int	__lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)		/* daemons leave what they have to exit() */
{
	return 1;
}

static msec_t
soon(void)
{
	return clock_deadline(WAIT_MS);
}

static struct channel *
toy_connect(void)
{
	struct buf why = BUF_INIT;
	struct channel *channel = channel_connect(TOY_SOCKET, &toy_protocol, soon(), &why);

	if (channel == NULL)
		print_error("%s\n", buf_c(&why));
	buf_fini(&why);
	return channel;
}

static void
ask(struct channel *channel, const char *text)
{
	frame_put_raw(channel_out(channel), TOY_REQUEST, 0, view_string(text));
	assert_int_equal(channel_flush(channel, soon()), CHANNEL_OK);
}

static void
expect_answer(struct channel *channel, const char *text)
{
	struct frame frame;

	assert_int_equal(channel_read(channel, &frame, soon()), CHANNEL_OK);
	assert_int_equal(frame.type, TOY_ANSWER);
	assert_true(view_is(frame.payload, text));
}

/* One exchange; does the server want another? */
static bool
exchange(struct channel *channel, const char *text)
{
	ask(channel, text);
	expect_answer(channel, text);
	return channel_finish(channel, soon());
}

static void
wait_until_not_ready(struct channel *channel)
{
	msec_t deadline = soon();

	while (channel_ready(channel) && clock_poll_ms(deadline) > 0)
		poll(NULL, 0, 5);
	assert_false(channel_ready(channel));
}

/* -- limits -------------------------------------------------------------------------------------- */

static void
test_max_use_counts_requests(void **state)
{
	struct toy_child child = toy_start(&toy_sequential, "-m 3");
	struct channel *channel = toy_connect();

	assert_true(exchange(channel, "one"));
	assert_true(exchange(channel, "two"));
	assert_false(exchange(channel, "three"));
	channel_free(channel);
	assert_string_equal(toy_notes(&child, 2), "BS");
	assert_int_equal(toy_wait(&child), 0);
}

/* Every request of every client gets its answer, whoever serves it. */
static void
test_max_use_of_one(void **state)
{
	struct toy_child child;
	struct channel *channel;

	for (int i = 0; i < 10; i++) {
		child = toy_start(&toy_sequential, "-m 1");
		channel = toy_connect();
		assert_non_null(channel);
		assert_false(exchange(channel, "only one"));
		channel_free(channel);
		assert_int_equal(toy_wait(&child), 0);
	}
}

/* Who keeps a connection asks as often as he likes; when it ends, it was one use, and the others are told to go. */
static void
test_max_use_counts_connections_of_many(void **state)
{
	struct toy_child child = toy_start(&toy_many, "-m 2");
	struct channel *staying = toy_connect(), *going;

	for (int i = 0; i < 2; i++) {
		going = toy_connect();
		for (int request = 0; request < 5; request++)
			assert_true(exchange(going, "a"));
		assert_true(exchange(staying, "b"));
		channel_free(going);
	}
	wait_until_not_ready(staying);
	channel_free(staying);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_notes(void **state)
{
	struct toy_child child = toy_start(&toy_sequential, "");
	struct channel *channel;

	for (int i = 0; i < 2; i++) {
		channel = toy_connect();
		assert_true(exchange(channel, "a"));
		assert_true(exchange(channel, "b"));
		channel_free(channel);
		assert_string_equal(toy_notes(&child, i == 0 ? 3 : 2), i == 0 ? "BSI" : "BI");
	}
	toy_reload(&child);
	assert_int_equal(toy_wait(&child), 0);
}

/* Master has nothing to decide where one process is the limit. */
static void
test_notes_of_an_only_process(void **state)
{
	struct toy_child child = toy_start(&toy_sequential, "-l");
	struct channel *channel = toy_connect();

	assert_true(exchange(channel, "a"));
	channel_free(channel);
	assert_string_equal(toy_notes(&child, 1), "S");
	toy_reload(&child);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_max_idle(void **state)
{
	static const struct service *const services[] = { &toy_sequential, &toy_many, &toy_event };
	struct toy_child children[ARRAY_COUNT(services)];

	for (size_t i = 0; i < ARRAY_COUNT(services); i++)
		children[i] = toy_start(services[i], "-i 1");
	for (size_t i = 0; i < ARRAY_COUNT(services); i++)
		assert_int_equal(toy_wait(&children[i]), 0);
}

static void
test_kept_connection_gets_too_idle(void **state)
{
	struct toy_child child = toy_start(&toy_sequential, "-i 1");
	struct channel *channel = toy_connect();

	assert_true(exchange(channel, "a"));
	wait_until_not_ready(channel);
	channel_free(channel);
	assert_int_equal(toy_wait(&child), 0);
}

/* -- leaving ------------------------------------------------------------------------------------- */

static void
reload_while_kept(const struct service *service)
{
	struct toy_child child = toy_start(service, "");
	struct channel *channel = toy_connect();

	assert_true(exchange(channel, "a"));
	assert_true(channel_ready(channel));
	toy_reload(&child);
	wait_until_not_ready(channel);
	channel_free(channel);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_reload_while_kept(void **state)
{
	reload_while_kept(&toy_sequential);
	reload_while_kept(&toy_many);
}

/* The request was sent while READY was held: it is answered, although the server wants to leave. */
static void
request_crosses_reload(const struct service *service)
{
	struct toy_child child = toy_start(service, "");
	struct channel *channel = toy_connect();

	assert_true(exchange(channel, "a"));
	kill(child.pid, SIGSTOP);
	toy_reload(&child);
	ask(channel, "crossing");
	kill(child.pid, SIGCONT);
	expect_answer(channel, "crossing");
	if (channel_finish(channel, soon()))	/* it saw us first, and reload only then */
		wait_until_not_ready(channel);
	channel_free(channel);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_request_crosses_reload_ip6(void **state)
{
	request_crosses_reload(&toy_sequential);
	request_crosses_reload(&toy_many);
}

static void
test_reload_while_idle(void **state)
{
	static const struct service *const services[] = {
		&toy_sequential, &toy_many, &toy_event, &toy_manager, &toy_trigger,
	};

	for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
		struct toy_child child = toy_start(services[i], "");

		poll(NULL, 0, 20);
		toy_reload(&child);
		assert_int_equal(toy_wait(&child), 0);
	}
}

/* A sequential server does not let others starve behind a client that keeps it. */
static void
test_others_wait_ip12(void **state)
{
	struct toy_child child = toy_start(&toy_sequential, "");
	struct channel *first = toy_connect(), *second;
	int waiting;

	assert_true(exchange(first, "a"));
	waiting = toys_socket();
	wait_until_not_ready(first);
	channel_free(first);
	second = channel_new(waiting, &toy_protocol);
	assert_true(fd_wait(waiting, POLLIN, soon()));
	channel_free(second);
	assert_string_equal(toy_notes(&child, 5), "BSIBI");
	toy_reload(&child);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_table_changed(void **state)
{
	struct toy_child child = toy_start(&toy_table, "");
	struct channel *channel = toy_connect();

	assert_true(exchange(channel, "a"));
	assert_true(file_replace("toy.map", VIEW("a changed\n"), 0644, NULL));
	wait_until_not_ready(channel);
	channel_free(channel);
	assert_int_equal(toy_wait(&child), 0);
}

/* -- peers that fail ----------------------------------------------------------------------------- */

/* Each byte of a request may be the client's last; the next client is served. */
static void
client_dies_at_every_point(const struct service *service)
{
	struct toy_child child = toy_start(service, "-m none");
	struct buf request = BUF_INIT;
	struct channel *channel;

	frame_put_raw(&request, TOY_LONG, FRAME_MORE, VIEW("part"));
	for (size_t n = 0; n <= request.len; n++) {
		int fd = toys_socket();

		assert_int_equal(send(fd, request.data, n, MSG_NOSIGNAL), (ssize_t)n);
		close(fd);
	}
	channel = toy_connect();
	assert_non_null(channel);
	assert_true(exchange(channel, "alive"));
	channel_free(channel);
	toy_reload(&child);
	assert_int_equal(toy_wait(&child), 0);
	buf_fini(&request);
}

static void
test_client_dies_at_every_point(void **state)
{
	client_dies_at_every_point(&toy_sequential);
}

static void
test_client_sends_junk_ip12(void **state)
{
	static const struct service *const services[] = { &toy_sequential, &toy_many, &toy_manager };

	for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
		struct toy_child child = toy_start(services[i], "-m none");

		for (int n = 0; n < 20; n++) {
			int fd = toys_socket();

			send(fd, "\0\377\377\377\377\377\377", 7, MSG_NOSIGNAL);
			close(fd);
		}
		poll(NULL, 0, 50);
		toy_reload(&child);
		assert_int_equal(toy_wait(&child), 0);
	}
}

/* Half a frame does not stop a server of many clients. */
static void
test_slow_client_of_many(void **state)
{
	struct toy_child child = toy_start(&toy_many, "");
	int slow = toys_socket();
	struct channel *channel;

	assert_int_equal(send(slow, "\20\0\0", 3, 0), 3);
	channel = toy_connect();
	assert_true(exchange(channel, "meanwhile"));
	channel_free(channel);
	close(slow);
	toy_reload(&child);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_server_dies(void **state)
{
	struct toy_child child = toy_start(&toy_sequential, "");
	struct channel *channel = toy_connect();
	struct frame frame;

	assert_true(exchange(channel, "a"));
	frame_put_raw(channel_out(channel), TOY_HANG, 0, VIEW_EMPTY);
	assert_int_equal(channel_flush(channel, soon()), CHANNEL_OK);
	kill(child.pid, SIGKILL);
	assert_int_equal(channel_read(channel, &frame, soon()), CHANNEL_EOF);
	channel_free(channel);
	assert_int_equal(toy_wait(&child), 1000 + SIGKILL);
}

static void
test_watchdog(void **state)
{
	struct toy_child child = toy_start(&toy_sequential, "-o daemon_timeout=1s");
	struct channel *channel = toy_connect();
	int end;

	assert_non_null(channel);
	frame_put_raw(channel_out(channel), TOY_HANG, 0, VIEW_EMPTY);
	assert_int_equal(channel_flush(channel, soon()), CHANNEL_OK);
	end = toy_wait(&child);
	assert_true(end == 1 || end == 1000 + SIGALRM);		/* its last words may take too long */
	channel_free(channel);
}

/* -- many clients -------------------------------------------------------------------------------- */

static void
test_many_clients(void **state)
{
	enum { CLIENTS = 20 };
	struct toy_child child = toy_start(&toy_many, "");
	struct channel *channels[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		assert_non_null(channels[i] = toy_connect());
	for (int i = 0; i < CLIENTS; i++)
		ask(channels[i], "all at once");
	for (int i = 0; i < CLIENTS; i++)
		expect_answer(channels[i], "all at once");
	for (int i = 0; i < CLIENTS; i++)
		assert_true(channel_finish(channels[i], soon()));
	assert_string_equal(toy_notes(&child, 1), "S");
	toy_reload(&child);
	for (int i = 0; i < CLIENTS; i++) {
		wait_until_not_ready(channels[i]);
		channel_free(channels[i]);
	}
	assert_int_equal(toy_wait(&child), 0);
}

/* -- triggers, announcements, datagrams ---------------------------------------------------------- */

static void
test_trigger(void **state)
{
	static const struct service *const services[] = { &toy_trigger, &toy_manager };

	for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
		struct toy_child child = toy_start(services[i], "-l");
		int fd = toys_socket();

		unlink("toy.log");
		assert_int_equal(send(fd, "W", 1, 0), 1);
		close(fd);
		assert_true(toy_logged("W"));
		assert_string_equal(toy_notes(&child, 1), "S");
		toy_reload(&child);
		assert_int_equal(toy_wait(&child), 0);
	}
}

/* Services of frames that master wakes as well: whether the byte comes before the greeting or behind it. */
static void
test_trigger_of_frame_service(void **state)
{
	static const struct service *const services[] = { &toy_sequential, &toy_many };

	for (size_t i = 0; i < 2 * ARRAY_COUNT(services); i++) {
		struct toy_child child = toy_start(services[i / 2], "-l");
		struct channel *kept = NULL;
		int fd = toys_socket();
		char hello;

		unlink("toy.log");
		if (i % 2 == 0)
			assert_int_equal(recv(fd, &hello, 1, 0), 1);
		assert_int_equal(send(fd, "W", 1, MSG_NOSIGNAL), 1);
		close(fd);
		assert_true(toy_logged("W"));
		kept = toy_connect();
		assert_true(exchange(kept, "frames as ever"));
		channel_free(kept);
		toy_reload(&child);
		assert_int_equal(toy_wait(&child), 0);
	}
}

/*
 * Our recv() takes the place of libc's, in the children, too. While somebody watches it, the first one that does not want
 * to wait finds nothing, and returns only when it may.
 */
enum { UNWATCHED, WATCHED, REACHED, RELEASED };
static int *recv_state;

ssize_t
recv(int fd, void *to, size_t size, int flags)
{
	int watched = WATCHED;

	if ((flags & MSG_DONTWAIT) && recv_state != NULL &&
	    __atomic_compare_exchange_n(recv_state, &watched, REACHED, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		while (__atomic_load_n(recv_state, __ATOMIC_SEQ_CST) != RELEASED)
			poll(NULL, 0, 1);
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_recvfrom, fd, to, size, flags, NULL, NULL);
}

/* The byte comes after the server looked for it, and the client is gone before it is greeted. */
static void
test_trigger_of_a_client_that_leaves_at_once(void **state)
{
	static const struct service *const services[] = { &toy_sequential, &toy_many };

	recv_state = mmap(NULL, sizeof(*recv_state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < ARRAY_COUNT(services); i++) {
		struct toy_child child = toy_start(services[i], "-l");
		int fd;

		unlink("toy.log");
		__atomic_store_n(recv_state, WATCHED, __ATOMIC_SEQ_CST);
		fd = toys_socket();
		while (__atomic_load_n(recv_state, __ATOMIC_SEQ_CST) != REACHED)
			poll(NULL, 0, 1);
		assert_int_equal(send(fd, "W", 1, MSG_NOSIGNAL), 1);
		close(fd);
		__atomic_store_n(recv_state, RELEASED, __ATOMIC_SEQ_CST);
		assert_true(toy_logged("W"));
		toy_reload(&child);
		assert_int_equal(toy_wait(&child), 0);
	}
	munmap(recv_state, sizeof(*recv_state));
	recv_state = NULL;
}

static void
test_announcements(void **state)
{
	struct toy_child child = toy_start(&toy_manager, "-l");
	int fd = toys_socket();
	struct buf frames = BUF_INIT;

	buf_putc(&frames, '\0');
	frame_put_raw(&frames, TOY_REQUEST, 0, VIEW("first message"));
	frame_put_raw(&frames, TOY_REQUEST, 0, VIEW("second message"));
	assert_int_equal(send(fd, frames.data, frames.len, 0), (ssize_t)frames.len);
	assert_true(toy_logged("first message\nsecond message\n"));
	buf_reset(&frames);
	frame_put_raw(&frames, TOY_REQUEST, 0, VIEW("on the kept connection"));
	assert_int_equal(send(fd, frames.data, frames.len, 0), (ssize_t)frames.len);
	assert_true(toy_logged("on the kept connection"));
	close(fd);
	toy_reload(&child);
	assert_int_equal(toy_wait(&child), 0);
	buf_fini(&frames);
}

/* Strangers that only sit there are thrown out, the longest sitting first, and work goes on. */
static void
test_crowd_at_the_manager_ip12(void **state)
{
	enum { CROWD = 260 };
	struct toy_child child = toy_start(&toy_manager, "-l");
	static int crowd[CROWD];
	char byte;
	int fd;

	for (int i = 0; i < CROWD; i++)
		crowd[i] = toys_socket();
	fd = toys_socket();
	assert_int_equal(send(fd, "crowded", 7, 0), 7);
	assert_true(toy_logged("crowded"));
	assert_int_equal(recv(crowd[0], &byte, 1, MSG_DONTWAIT), 0);
	close(fd);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	toy_reload(&child);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_datagrams(void **state)
{
	struct toy_child child;
	int fd;

	toys_unlisten();
	toys_listen(SOCK_DGRAM);
	child = toy_start(&toy_datagram, "-l -t unix-dgram");
	fd = toys_socket();
	assert_int_equal(send(fd, "a line", 6, 0), 6);
	assert_int_equal(send(fd, "another", 7, 0), 7);
	assert_true(toy_logged("a line\nanother\n"));
	close(fd);
	toy_reload(&child);
	assert_int_equal(toy_wait(&child), 0);
}

/* -- event-driven -------------------------------------------------------------------------------- */

static void
echo(int fd, char c)
{
	char got = 0;

	assert_int_equal(send(fd, &c, 1, 0), 1);
	assert_int_equal(recv(fd, &got, 1, 0), 1);
	assert_int_equal(got, c);
}

/* Clients that were there at a reload are finished. */
static void
test_event_driven(void **state)
{
	struct toy_child child = toy_start(&toy_event, "");
	int one = toys_socket(), two = toys_socket();

	echo(one, 'a');
	echo(two, 'b');
	toy_reload(&child);
	poll(NULL, 0, 50);
	echo(one, 'c');
	close(one);
	echo(two, 'd');
	close(two);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_event_driven_max_use(void **state)
{
	struct toy_child child = toy_start(&toy_event, "-m 1");
	int one = toys_socket();

	echo(one, 'a');
	close(one);
	assert_string_equal(toy_notes(&child, 2), "SB");
	assert_int_equal(toy_wait(&child), 0);
}

/* -- starting ------------------------------------------------------------------------------------ */

static const struct {
	const char *what;
	const struct service *service;
	const char *options;
} refused[] = {
	{ "unknown option", &toy_sequential, "-x" },
	{ "bad number", &toy_sequential, "-m -1" },
	{ "bad override", &toy_sequential, "-o name" },
	{ "more sockets than there are", &toy_sequential, "-s 2" },
	{ "datagrams over a stream", &toy_sequential, "-t unix-dgram" },
	{ "no stand-alone mode", &toy_sequential, "-S" },
	{ "more than one process", &toy_solitary, "" },
	{ "bad value", &toy_sequential, "-o max_use=many" },
};

static void
test_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
		struct toy_child child = toy_start(refused[i].service, refused[i].options);

		if (toy_wait(&child) != 1)
			fail_msg("%s", refused[i].what);
	}
}

/* What the kernel knows about the child: "Uid:\t65534\t65534\t65534\t65534". */
static bool
proc_status_has(pid_t pid, const char *line)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	bool has;

	buf_printf(&path, "/proc/%ld/status", (long)pid);
	has = file_read_all(buf_c(&path), 100000, &text, NULL) && strstr(buf_c(&text), line) != NULL;
	buf_fini(&path);
	buf_fini(&text);
	return has;
}

static void
test_privileges_are_dropped(void **state)
{
	struct passwd *nobody = getpwnam("nobody");
	char uids[100], root[100], path[40];
	struct toy_child child;
	struct channel *channel;

	if (geteuid() != 0 || nobody == NULL)
		skip();
	snprintf(uids, sizeof(uids), "Uid:\t%1$u\t%1$u\t%1$u\t%1$u\n", (unsigned)nobody->pw_uid);
	child = toy_start(&toy_sequential, "-u -c");
	channel = toy_connect();
	assert_true(exchange(channel, "a"));
	assert_true(proc_status_has(child.pid, uids));
	snprintf(path, sizeof(path), "/proc/%ld/root", (long)child.pid);
	assert_true(readlink(path, root, sizeof(root)) > 6 && memcmp(root, "/tmp/t", 6) == 0);
	channel_free(channel);
	toy_reload(&child);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_foreign_client(void **state)
{
	struct toy_child child = toy_start(&toy_foreign, "-m 1");
	int fd = toys_socket();
	char text[10];

	assert_int_equal(recv(fd, text, sizeof(text), MSG_WAITALL), 6);
	close(fd);
	assert_int_equal(toy_wait(&child), 0);
}

static void
test_standalone(void **state)
{
	int output[2], saved = dup(STDOUT_FILENO);
	struct toy_child child;
	char text[10];

	assert_int_equal(pipe(output), 0);
	dup2(output[1], STDOUT_FILENO);
	child = toy_start(&toy_foreign, "-S");
	dup2(saved, STDOUT_FILENO);
	close(output[1]);
	assert_int_equal(read(output[0], text, sizeof(text)), 6);
	close(output[0]);
	close(saved);
	assert_int_equal(toy_wait(&child), 0);
}

static int
set_up(void **state)
{
	toys_listen(SOCK_STREAM);
	return 0;
}

static int
tear_down(void **state)
{
	toys_unlisten();
	return 0;
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_max_use_counts_requests),
		TEST(test_max_use_of_one),
		TEST(test_max_use_counts_connections_of_many),
		TEST(test_notes),
		TEST(test_notes_of_an_only_process),
		TEST(test_max_idle),
		TEST(test_kept_connection_gets_too_idle),
		TEST(test_reload_while_kept),
		TEST(test_request_crosses_reload_ip6),
		TEST(test_reload_while_idle),
		TEST(test_others_wait_ip12),
		TEST(test_table_changed),
		TEST(test_client_dies_at_every_point),
		TEST(test_client_sends_junk_ip12),
		TEST(test_slow_client_of_many),
		TEST(test_server_dies),
		TEST(test_watchdog),
		TEST(test_many_clients),
		TEST(test_trigger),
		TEST(test_trigger_of_frame_service),
		TEST(test_trigger_of_a_client_that_leaves_at_once),
		TEST(test_announcements),
		TEST(test_crowd_at_the_manager_ip12),
		TEST(test_datagrams),
		TEST(test_event_driven),
		TEST(test_event_driven_max_use),
		TEST(test_refused),
		TEST(test_privileges_are_dropped),
		TEST(test_foreign_client),
		TEST(test_standalone),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	toys_set_up();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	toys_tear_down();
	return failed;
}
