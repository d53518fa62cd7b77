/*
 * smtp-source: sends messages to an SMTP or LMTP server, many side by side, to see what it bears. See smtp-source(1).
 */
#include <unistd.h>

#include "load/common/sender.h"
#include "service/command.h"
#include "util/log/log.h"
#include "util/file/file.h"

enum { REPLY_MAX = 64 * 1024, FILE_MAX = 1024 * 1024 * 1024 };

enum step { GREETING, HELLO, MAIL, RCPT, DATA, CONTENT, RESET, QUIT };

struct options {
	struct sender_settings settings;
	const char *subject;
	bool lmtp, stay, old, tolerant;
	struct buf file;		/* -F: what is sent instead of a message of our own */
};

struct state {
	enum step step;
	int recipients, accepted, answered;	/* of this message: named, taken, answered behind the content (LMTP) */
	bool quitting;
};

static const struct options *
options_of(const struct sender_client *client)
{
	return sender_arg(client->sender);
}

/* -- commands --------------------------------------------------------------------------------------------------------- */

static void
say_hello(struct sender_client *client, struct buf *out)
{
	buf_printf(out, "%s %s\r\n", options_of(client)->lmtp ? "LHLO" : "HELO", sender_settings(client->sender)->hostname);
}

static void
say_mail(struct sender_client *client, struct buf *out)
{
	struct state *state = client->state;

	state->recipients = state->accepted = state->answered = 0;
	buf_printf(out, "MAIL FROM:<%s>\r\n", sender_settings(client->sender)->sender);
}

static void
say_rcpt(struct sender_client *client, struct buf *out)
{
	struct state *state = client->state;

	buf_puts(out, "RCPT TO:<");
	sender_recipient(client, state->recipients++, out);
	buf_puts(out, ">\r\n");
}

static void
say_data(struct sender_client *client, struct buf *out)
{
	buf_puts(out, "DATA\r\n");
}

/* Dots at the start of a line are doubled, and each line ends in CR LF (RFC 5321, 4.5.2). */
static void
put_lines(struct buf *out, struct view text)
{
	struct view line, rest;

	for (; !view_empty(text); text = rest) {
		if (!view_split(text, '\n', &line, &rest)) {
			line = text;
			rest = VIEW_EMPTY;
		}
		if (view_ends(line, VIEW("\r")))
			line.len--;
		if (view_starts(line, VIEW(".")))
			buf_putc(out, '.');
		buf_putv(out, line);
		buf_puts(out, "\r\n");
	}
}

static void
say_content(struct sender_client *client, struct buf *out)
{
	const struct options *options = options_of(client);
	struct buf text = BUF_INIT;

	if (options->file.len > 0)
		buf_putv(&text, buf_view(&options->file));
	else if (options->old)
		sender_body(client, &text);
	else
		sender_message(client, options->subject, &text);
	put_lines(out, buf_view(&text));
	buf_puts(out, ".\r\n");
	buf_fini(&text);
}

static void
say_reset(struct sender_client *client, struct buf *out)
{
	buf_puts(out, "RSET\r\n");
}

static void
say_quit(struct sender_client *client, struct buf *out)
{
	struct state *state = client->state;

	state->quitting = true;
	buf_puts(out, "QUIT\r\n");
}

/* Each step: what is said, and which replies are good. */
static const struct {
	const char *name;
	void (*say)(struct sender_client *client, struct buf *out);
	int good;			/* first digit */
} steps[] = {
	[GREETING] =	{ "connect",		NULL,		2 },
	[HELLO] =	{ "HELO",		say_hello,	2 },
	[MAIL] =	{ "MAIL",		say_mail,	2 },
	[RCPT] =	{ "RCPT",		say_rcpt,	2 },
	[DATA] =	{ "DATA",		say_data,	3 },
	[CONTENT] =	{ "end of data",	say_content,	2 },
	[RESET] =	{ "RSET",		say_reset,	2 },
	[QUIT] =	{ "QUIT",		say_quit,	2 },
};

static void
enter(struct sender_client *client, enum step step)
{
	struct state *state = client->state;

	state->step = step;
	steps[step].say(client, conn_out(client->conn));
	conn_flush(client->conn);
}

/* -- what comes next -------------------------------------------------------------------------------------------------- */

static void
next_mail(struct sender_client *client)
{
	enter(client, MAIL);
}

static void
message_over(struct sender_client *client)
{
	sender_message_done(client);
	if (!options_of(client)->stay || !sender_next(client, next_mail))
		enter(client, QUIT);
}

static void
after_rcpt(struct sender_client *client, bool good)
{
	struct state *state = client->state;

	state->accepted += good;
	if (state->recipients < sender_settings(client->sender)->recipients)
		enter(client, RCPT);
	else
		enter(client, state->accepted > 0 ? DATA : RESET);
}

/* LMTP answers for each recipient (RFC 2033, 4.2). */
static void
after_content(struct sender_client *client)
{
	struct state *state = client->state;

	if (++state->answered < state->accepted && options_of(client)->lmtp)
		return;
	message_over(client);
}

static void
proceed(struct sender_client *client, bool good)
{
	struct state *state = client->state;

	switch (state->step) {
	case GREETING:
		enter(client, options_of(client)->old ? MAIL : HELLO);
		break;
	case HELLO:
		enter(client, MAIL);
		break;
	case MAIL:
		enter(client, good ? RCPT : RESET);
		break;
	case RCPT:
		after_rcpt(client, good);
		break;
	case DATA:
		enter(client, good ? CONTENT : RESET);
		break;
	case CONTENT:
		after_content(client);
		break;
	case RESET:
		message_over(client);
		break;
	case QUIT:
		sender_over(client);
		break;
	}
}

static void
take_reply(struct sender_client *client, struct view line)
{
	const struct state *state = client->state;
	bool good = line.len >= 3 && line.data[0] - '0' == steps[state->step].good;

	if (!good && (!options_of(client)->tolerant || state->step == GREETING))
		log_fatal("%s: the server says: %.*s", steps[state->step].name, VIEW_ARG(line));
	if (!good)
		log_warn("%s: the server says: %.*s", steps[state->step].name, VIEW_ARG(line));
	proceed(client, good);
}

static void
connected(struct sender_client *client)
{
	log_debug(1, "connected");
}

static void
input(struct sender_client *client)
{
	struct conn *conn = client->conn;
	struct view line;

	while (client->conn == conn && conn_line(conn, &line)) {
		log_debug(1, "<<< %.*s", VIEW_ARG(line));
		if (line.len < 4 || line.data[3] != '-')
			take_reply(client, line);
	}
	if (client->conn == conn && conn_pending(conn).len > REPLY_MAX)
		log_fatal("the server sends a line without end");
}

static bool
closed(struct sender_client *client)
{
	const struct state *state = client->state;

	return state->quitting;
}

static const struct sender_protocol smtp = {
	.default_port = "25", .state_size = sizeof(struct state), .connected = connected, .input = input, .closed = closed,
};

/* -- options ---------------------------------------------------------------------------------------------------------- */

static void
read_file(const char *path, struct buf *out)
{
	struct buf why = BUF_INIT;

	if (!file_read_all(path, FILE_MAX, out, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

static void
set_option(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'A': options->tolerant = true; break;
	case 'd': options->stay = true; break;
	case 'F': read_file(value, &options->file); break;
	case 'L': options->lmtp = true; break;
	case 'N': options->settings.number_recipients = true; break;
	case 'o': options->old = true; break;
	case 'S': options->subject = value; break;
	case 'T': options->settings.window = sender_number(option, value, 1); break;
	default:
		log_fatal("usage: smtp-source [-46AcdLNov] [-C count] [-f from] [-F file] [-l length] [-m messages]"
		    " [-M hostname] [-r recipients] [-R seconds] [-s sessions] [-S subject] [-t to] [-T window]"
		    " [-w seconds] [inet:]host[:port] | unix:path");
	}
}

int
main(int argc, char **argv)
{
	struct options options = { .settings = { .sessions = 1, .messages = 1, .recipients = 1, .retries = 1, .length = -1 } };
	int option;

	command_begin("smtp-source");
	while ((option = getopt(argc, argv, SENDER_OPTIONS "AdF:LNoS:T:")) != -1) {
		if (!sender_option(&options.settings, option, optarg))
			set_option(&options, option, optarg);
	}
	if (optind + 1 != argc)
		log_fatal("name one place to send to: [inet:]host[:port] or unix:path");
	sender_run(&options.settings, &smtp, argv[optind], &options);
	buf_fini(&options.file);
	return 0;
}
