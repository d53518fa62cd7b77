#include "load/common/sender.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "global/message/date.h"
#include "util/base/number.h"
#include "util/base/process_id.h"
#include "util/log/log.h"

enum { BODY_LINE = 78 };

struct sender {
	struct sender_settings settings;
	const struct sender_protocol *protocol;
	const void *arg;
	struct loop *loop;
	struct place place;
	struct sender_client *clients;
	struct buf hostname, address;	/* where the settings name none */
	int taken, done, sessions;	/* messages begun and finished; sessions at work */
	long long numbered;		/* recipients so far */
};

/* -- options -------------------------------------------------------------------------------------------------------- */

int
sender_number(int option, const char *value, int min)
{
	long long number;

	if (!number_parse(value, min, INT32_MAX, &number))
		log_fatal("option -%c: bad number: %s", option, value);
	return (int)number;
}

static bool
text_option(struct sender_settings *settings, int option, const char *value)
{
	switch (option) {
	case 'f': settings->sender = value; return true;
	case 'M': settings->hostname = value; return true;
	case 't': settings->recipient = value; return true;
	default: return false;
	}
}

bool
sender_option(struct sender_settings *settings, int option, const char *value)
{
	switch (option) {
	case '4':
	case '6': settings->family = place_family(option); return true;
	case 'c': settings->counter = true; return true;
	case 'C': settings->retries = sender_number(option, value, 1); return true;
	case 'l': settings->length = sender_number(option, value, 0); return true;
	case 'm': settings->messages = sender_number(option, value, 1); return true;
	case 'r': settings->recipients = sender_number(option, value, 1); return true;
	case 'R': settings->random_wait_sec = sender_number(option, value, 1); return true;
	case 's': settings->sessions = sender_number(option, value, 1); return true;
	case 'v': log_set_verbose(log_verbose() + 1); return true;
	case 'w': settings->wait_sec = sender_number(option, value, 1); return true;
	default: return text_option(settings, option, value);
	}
}

/* -- sessions ------------------------------------------------------------------------------------------------------- */

static void	handle(struct conn *conn, enum conn_event event, void *arg);

static void
session_ended(struct sender *sender)
{
	if (--sender->sessions == 0)
		loop_stop(sender->loop);
}

static void
connect_now(struct sender_client *client)
{
	struct sender *sender = client->sender;
	int fd = place_connect(&sender->place, client->address, sender->settings.window);

	if (fd == -1)
		log_fatal("connect: %s", strerror(errno));
	memset(client->state, 0, sender->protocol->state_size);
	client->conn = conn_new(sender->loop, fd, true, handle, client);
}

static void
hang_up(struct sender_client *client)
{
	conn_close(client->conn);
	client->conn = NULL;
}

/* A server that resets the connection may have had too many of them. */
static void
try_again(struct sender_client *client, int error)
{
	const struct sender *sender = client->sender;

	hang_up(client);
	client->tries++;
	if (sender->place.path == NULL && client->address + 1 < sender->place.count && error == ECONNREFUSED) {
		client->address++;
		client->tries--;
	} else if (error != ECONNRESET || client->tries >= sender->settings.retries) {
		log_fatal("connection lost: %s", error == 0 ? "the server closed it" : strerror(error));
	}
	connect_now(client);
}

static void
gone(struct sender_client *client, int error)
{
	const struct sender_protocol *protocol = client->sender->protocol;

	if (protocol->closed != NULL && protocol->closed(client))
		sender_over(client);
	else
		try_again(client, error);
}

static void
handle(struct conn *conn, enum conn_event event, void *arg)
{
	struct sender_client *client = arg;

	switch (event) {
	case CONN_OPEN:
		client->sender->protocol->connected(client);
		break;
	case CONN_INPUT:
		client->sender->protocol->input(client);
		break;
	case CONN_SENT:
		break;
	case CONN_GONE:
		gone(client, conn_error(conn));
		break;
	}
}

static void
pause_over(void *arg)
{
	struct sender_client *client = arg;

	client->then(client);
}

static msec_t
pause_ms(const struct sender_settings *settings)
{
	msec_t random_ms = settings->random_wait_sec > 0 ? random() % ((msec_t)settings->random_wait_sec * 1000) : 0;

	return (msec_t)settings->wait_sec * 1000 + random_ms;
}

bool
sender_next(struct sender_client *client, void (*then)(struct sender_client *client))
{
	struct sender *sender = client->sender;
	msec_t wait = pause_ms(&sender->settings);

	if (sender->taken == sender->settings.messages)
		return false;
	sender->taken++;
	client->tries = 0;
	client->then = then;
	if (wait > 0 && sender->taken > sender->settings.sessions)
		loop_timer_start(sender->loop, &client->pause, wait, pause_over, client);
	else
		then(client);
	return true;
}

void
sender_message_done(struct sender_client *client)
{
	struct sender *sender = client->sender;

	sender->done++;
	if (sender->settings.counter) {
		fprintf(stdout, "%d\r", sender->done);
		fflush(stdout);
	}
}

void
sender_over(struct sender_client *client)
{
	hang_up(client);
	if (!sender_next(client, connect_now))
		session_ended(client->sender);
}

/* -- all of it ------------------------------------------------------------------------------------------------------ */

const struct sender_settings *
sender_settings(const struct sender *sender)
{
	return &sender->settings;
}

const void *
sender_arg(const struct sender *sender)
{
	return sender->arg;
}

/* Who says nothing else sends from foo@here to foo@here. */
static void
complete(struct sender *sender)
{
	struct sender_settings *settings = &sender->settings;
	char name[HOST_NAME_MAX + 1] = "localhost";

	gethostname(name, sizeof(name) - 1);
	buf_puts(&sender->hostname, name);
	if (settings->hostname == NULL)
		settings->hostname = buf_c(&sender->hostname);
	buf_printf(&sender->address, "foo@%s", settings->hostname);
	if (settings->sender == NULL)
		settings->sender = buf_c(&sender->address);
	if (settings->recipient == NULL)
		settings->recipient = buf_c(&sender->address);
}

static void
start(struct sender *sender)
{
	sender->sessions = sender->settings.sessions;
	sender->clients = mem_new((size_t)sender->sessions * sizeof(*sender->clients));
	for (int i = 0; i < sender->settings.sessions; i++) {
		struct sender_client *client = &sender->clients[i];

		client->sender = sender;
		client->state = mem_new(sender->protocol->state_size + 1);
		sender_over(client);
	}
}

static void
release(struct sender *sender)
{
	for (int i = 0; i < sender->settings.sessions; i++)
		mem_free(sender->clients[i].state);
	mem_free(sender->clients);
	loop_free(sender->loop);
	buf_fini(&sender->hostname);
	buf_fini(&sender->address);
}

void
sender_run(const struct sender_settings *settings, const struct sender_protocol *protocol, const char *target, const void *arg)
{
	struct sender sender = { .settings = *settings, .protocol = protocol, .arg = arg };

	srandom((unsigned)process_id() ^ (unsigned)time(NULL));
	complete(&sender);
	place_raise_limits();
	place_find(&sender.place, target, protocol->default_port, settings->family);
	sender.loop = loop_new();
	start(&sender);
	if (sender.sessions > 0)
		loop_run(sender.loop);
	if (settings->counter)
		fprintf(stdout, "\n");
	release(&sender);
}

/* -- messages ------------------------------------------------------------------------------------------------------- */

void
sender_recipient(struct sender_client *client, int i, struct buf *out)
{
	struct sender *sender = client->sender;

	if (sender->settings.number_recipients)
		buf_printf(out, "%lld", sender->numbered++);
	else if (sender->settings.recipients > 1)
		buf_printf(out, "%d", i);
	buf_puts(out, sender->settings.recipient);
}

static void
put_body(struct buf *out, long long length)
{
	if (length < 0)
		buf_puts(out, "This message was sent to see how fast that can be done.\n");
	for (; length > BODY_LINE + 1; length -= BODY_LINE + 2) {	/* on the wire a line end is two bytes */
		buf_putn(out, 'X', BODY_LINE);
		buf_putc(out, '\n');
	}
	if (length > 0) {
		buf_putn(out, 'X', (size_t)(length > 2 ? length - 2 : 0));
		buf_putc(out, '\n');
	}
}

void
sender_body(struct sender_client *client, struct buf *out)
{
	put_body(out, client->sender->settings.length);
}

void
sender_message(struct sender_client *client, const char *subject, struct buf *out)
{
	const struct sender *sender = client->sender;
	struct timeval now = clock_wall();

	buf_printf(out, "From: <%s>\nTo: <%s>\nDate: ", sender->settings.sender, sender->settings.recipient);
	date_put(out, now.tv_sec);
	buf_printf(out, "\nMessage-Id: <%lld.%06ld.%ld.%d@%s>\n", (long long)now.tv_sec, (long)now.tv_usec,
	    (long)process_id(), sender->taken, sender->settings.hostname);
	if (subject != NULL)
		buf_printf(out, "Subject: %s\n", subject);
	buf_putc(out, '\n');
	put_body(out, sender->settings.length);
}
