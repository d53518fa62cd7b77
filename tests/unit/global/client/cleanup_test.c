#include "global/client/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

static bool
take(struct buf *bytes, struct frame *frame)
{
	struct cursor in = cursor_of(buf_view(bytes));

	return frame_parse(&in, frame) == 1 && cursor_done(&in);
}

static void
test_round_trips(void **state)
{
	struct cleanup_open_message open = { .flags = CLEANUP_EXTERNAL }, open_back;
	struct cleanup_id_message id = { .id = VIEW("4ABC") }, id_back;
	struct cleanup_status_message status = { CLEANUP_CONTENT, VIEW("5.7.1 no") }, status_back;
	struct buf out = BUF_INIT;
	struct frame frame;

	cleanup_open_put(&out, &open);
	assert_true(take(&out, &frame) && cleanup_open_get(&frame, &open_back, NULL));
	assert_int_equal(open_back.flags, CLEANUP_EXTERNAL);
	buf_reset(&out);
	cleanup_id_put(&out, &id);
	assert_true(take(&out, &frame) && cleanup_id_get(&frame, &id_back, NULL));
	assert_true(view_is(id_back.id, "4ABC"));
	buf_reset(&out);
	cleanup_status_put(&out, &status);
	assert_true(take(&out, &frame) && cleanup_status_get(&frame, &status_back, NULL));
	assert_int_equal(status_back.status, CLEANUP_CONTENT);
	assert_true(view_is(status_back.reason, "5.7.1 no"));
	buf_fini(&out);
}

static void
test_replies(void **state)
{
	assert_int_equal(cleanup_reply(CLEANUP_SIZE)->smtp_code, 552);
	assert_int_equal(cleanup_reply(CLEANUP_SIZE | CLEANUP_DEFER)->smtp_code, 451);
	assert_string_equal(cleanup_reply(CLEANUP_HOPS)->text, "too many hops");
	assert_string_equal(cleanup_reply(1u << 30)->text, "internal error");
}

/* A played cleanup: takes `messages` messages over one connection. */
struct played {
	int listener;
	size_t messages;
	bool stop;
	struct buf records;
};

static void
serve_message(struct channel *channel, struct played *played)
{
	struct cleanup_id_message id = { .id = played->stop ? VIEW_EMPTY : VIEW("4ABC") };
	struct cleanup_status_message status = { played->stop ? CLEANUP_WRITE : CLEANUP_OK, VIEW("done") };
	struct frame frame;

	assert_int_equal(channel_read(channel, &frame, CLOCK_NEVER), CHANNEL_OK);
	assert_int_equal(frame.type, CLEANUP_FRAME_OPEN);
	cleanup_id_put(channel_out(channel), &id);
	if (played->stop)
		channel_put_stop(channel);
	channel_flush(channel, CLOCK_NEVER);
	while (channel_read(channel, &frame, CLOCK_NEVER) == CHANNEL_OK && frame.type == CLEANUP_FRAME_RECORDS)
		buf_putv(&played->records, frame.payload);
	cleanup_status_put(channel_out(channel), &status);
	channel_put_ready(channel);
	channel_flush(channel, CLOCK_NEVER);
}

static void *
play(void *arg)
{
	struct played *played = arg;
	struct channel *channel = channel_new(accept(played->listener, NULL, NULL), &cleanup_protocol);
	struct frame frame;

	channel_greet(channel);
	channel_flush(channel, CLOCK_NEVER);
	for (size_t i = 0; i < played->messages; i++)
		serve_message(channel, played);
	channel_read(channel, &frame, CLOCK_NEVER);	/* until the client leaves */
	channel_free(channel);
	return NULL;
}

static pthread_t
start(struct played *played, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	pthread_t thread;

	memcpy(address.sun_path, path, strlen(path) + 1);
	played->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	unlink(path);
	assert_int_equal(bind(played->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(played->listener, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, play, played), 0);
	return thread;
}

static void
end(struct played *played, pthread_t thread, const char *path)
{
	pthread_join(thread, NULL);
	close(played->listener);
	unlink(path);
}

static void
test_two_messages_over_one_connection(void **state)
{
	char path[] = "/tmp/cleanup_test.XXXXXX";
	struct played played = { .messages = 2, .records = BUF_INIT };
	pthread_t thread = (close(mkstemp(path)), start(&played, path));
	struct cleanup_client *client = cleanup_client_new(path, 10000);
	struct buf reason = BUF_INIT;

	for (int i = 0; i < 2; i++) {
		assert_true(cleanup_open(client, CLEANUP_EXTERNAL, NULL));
		cleanup_put(client, RECORD_SENDER, VIEW("a@b"));
		cleanup_printf(client, RECORD_ATTRIBUTE, "encoding=%s", "7bit");
		assert_true(view_is(cleanup_id(client), "4ABC"));
		assert_int_equal(cleanup_finish(client, &reason), CLEANUP_OK);
		assert_string_equal(buf_c(&reason), "done");
	}
	cleanup_client_free(client);
	end(&played, thread, path);
	assert_int_equal(played.records.len, 2 * (2 + 3 + 2 + 13));
	buf_fini(&played.records);
	buf_fini(&reason);
}

/* A cleanup that gave up says so, and a long line is divided without loss. */
static void
test_stop_and_long_lines(void **state)
{
	char path[] = "/tmp/cleanup_test.XXXXXX";
	struct played played = { .messages = 2, .stop = true, .records = BUF_INIT };
	pthread_t thread = (close(mkstemp(path)), start(&played, path));
	struct cleanup_client *client = cleanup_client_new(path, 10000);
	struct buf line = BUF_INIT;

	buf_putn(&line, 'x', 100000);
	assert_true(cleanup_open(client, 0, NULL));
	assert_true(view_empty(cleanup_id(client)));
	for (int i = 0; i < 100; i++)
		cleanup_put(client, RECORD_LINE, buf_view(&line));
	assert_true(cleanup_failed(client));
	assert_int_equal(cleanup_finish(client, NULL), CLEANUP_WRITE);
	assert_true(cleanup_open(client, 0, NULL));
	cleanup_put(client, RECORD_SENDER, buf_view(&line));	/* fits into no frame */
	assert_true(cleanup_failed(client));
	assert_int_equal(cleanup_finish(client, NULL), CLEANUP_BAD);
	cleanup_client_free(client);
	end(&played, thread, path);
	buf_fini(&played.records);
	buf_fini(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips), cmocka_unit_test(test_replies),
		cmocka_unit_test(test_two_messages_over_one_connection), cmocka_unit_test(test_stop_and_long_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
