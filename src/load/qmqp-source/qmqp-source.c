/*
 * qmqp-source: sends messages to a QMQP server, many side by side, to see what it bears. See qmqp-source(1).
 */
#include <unistd.h>

#include "global/smtp/qmqp.h"
#include "load/common/sender.h"
#include "service/command.h"
#include "util/log/log.h"

enum { ANSWER_MAX = 1000 };

static void
put_request(struct sender_client *client, struct buf *out)
{
	const struct sender_settings *settings = sender_settings(client->sender);
	struct buf text = BUF_INIT;

	sender_message(client, NULL, &text);
	netstring_put(out, buf_view(&text));
	netstring_put(out, view_string(settings->sender));
	for (int i = 0; i < settings->recipients; i++) {
		buf_reset(&text);
		sender_recipient(client, i, &text);
		netstring_put(out, buf_view(&text));
	}
	buf_fini(&text);
}

static void
connected(struct sender_client *client)
{
	struct buf request = BUF_INIT;

	put_request(client, &request);
	netstring_put(conn_out(client->conn), buf_view(&request));
	conn_flush(client->conn);
	buf_fini(&request);
}

/* 1*DIGIT ":" code text "," */
static void
input(struct sender_client *client)
{
	struct view answer = conn_pending(client->conn), length, text;
	unsigned long long n;

	if (!view_split(answer, ':', &length, &text)) {
		if (answer.len > ANSWER_MAX)
			log_fatal("malformed answer: %.*s", VIEW_ARG(view_slice(answer, 0, 100)));
		return;
	}
	if (!view_number(length, &n) || n == 0 || n > ANSWER_MAX)
		log_fatal("malformed answer: %.*s", VIEW_ARG(view_slice(answer, 0, 100)));
	if (text.len <= n)
		return;
	text = view_slice(text, 0, (size_t)n);
	if (text.data[0] != 'K')
		log_fatal("the server says: %.*s", VIEW_ARG(text));
	log_debug(1, "%.*s", VIEW_ARG(text));
	sender_message_done(client);
	sender_over(client);
}

static const struct sender_protocol qmqp = {
	.default_port = "628", .connected = connected, .input = input,
};

int
main(int argc, char **argv)
{
	struct sender_settings settings = { .sessions = 1, .messages = 1, .recipients = 1, .retries = 1, .length = -1 };
	int option;

	command_begin("qmqp-source");
	while ((option = getopt(argc, argv, SENDER_OPTIONS)) != -1) {
		if (!sender_option(&settings, option, optarg))
			log_fatal("usage: qmqp-source [-46cv] [-C count] [-f from] [-l length] [-m messages] [-M hostname]"
			    " [-r recipients] [-R seconds] [-s sessions] [-t to] [-w seconds] [inet:]host[:port] | unix:path");
	}
	if (optind + 1 != argc)
		log_fatal("name one place to send to: [inet:]host[:port] or unix:path");
	sender_run(&settings, &qmqp, argv[optind], NULL);
	return 0;
}
