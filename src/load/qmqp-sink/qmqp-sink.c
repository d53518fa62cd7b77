/*
 * qmqp-sink: a QMQP server that throws all mail away. See qmqp-sink(1).
 */
#include <unistd.h>

#include "global/smtp/qmqp.h"
#include "load/common/sink.h"
#include "service/command.h"
#include "util/base/number.h"
#include "util/log/log.h"

enum { ADDRESS_MAX = 64 * 1024, CLIENTS_MAX = 0 };

struct state {
	struct qmqp_request request;
};

static void
swallow(struct view text, void *arg)
{
}

static void
opened(struct sink_client *client)
{
	struct state *state = client->state;

	state->request = (struct qmqp_request){ .address_max = ADDRESS_MAX, .message = swallow, .sender = swallow,
	    .recipient = swallow };
}

static void
answer(struct sink_client *client, const char *text)
{
	netstring_put(conn_out(client->conn), view_string(text));
	sink_close(client, true);
}

static void
input(struct sink_client *client)
{
	struct state *state = client->state;
	struct view bytes = conn_pending(client->conn);

	conn_take(client->conn, bytes.len);
	switch (qmqp_feed(&state->request, bytes)) {
	case QMQP_MORE:
		break;
	case QMQP_DONE:
		sink_message_done(client);
		answer(client, "Kok");
		break;
	case QMQP_MALFORMED:
		log_warn("badly formed request");
		answer(client, "Dbadly formed request");
		break;
	}
}

static void
closed(struct sink_client *client)
{
	struct state *state = client->state;

	qmqp_request_fini(&state->request);
}

static const struct sink_protocol qmqp = { sizeof(struct state), opened, input, closed };

static int
seconds(const char *value)
{
	long long number;

	if (!number_parse(value, 1, INT32_MAX / 1000, &number))
		log_fatal("option -x: bad number: %s", value);
	return (int)number;
}

static void __attribute__((noreturn))
usage(void)
{
	log_fatal("usage: qmqp-sink [-46cv] [-x seconds] [inet:][host]:port | unix:path backlog");
}

int
main(int argc, char **argv)
{
	struct sink_settings settings = { .clients_max = CLIENTS_MAX };
	int option;

	command_begin("qmqp-sink");
	while ((option = getopt(argc, argv, "46cvx:")) != -1) {
		switch (option) {
		case '4':
		case '6': settings.family = place_family(option); break;
		case 'c': settings.counter = true; break;
		case 'v': command_verbose(); break;
		case 'x': settings.seconds_max = seconds(optarg); break;
		default: usage();
		}
	}
	if (optind + 2 != argc)
		usage();
	sink_run(&settings, &qmqp, argv[optind], argv[optind + 1], NULL);
	return 0;
}
