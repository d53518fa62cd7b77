/*
 * smtp-sink: an SMTP or LMTP server that throws all mail away, or behaves as badly as it is told to. See smtp-sink(1).
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "load/smtp-sink/smtp-sink.h"
#include "service/command.h"
#include "util/log/log.h"
#include "util/process/process.h"

enum { LINE_LIMIT = 64 * 1024, DICE_MAX = 100, ABORT_ANSWER = 550 };

static void	proceed(struct sink_client *client);

static const struct sink_options *
options_of(const struct sink_client *client)
{
	return sink_arg(client->sink);
}

/* -- replies ---------------------------------------------------------------------------------------------------------- */

/* "250 2.0.0 Ok", without the enhanced code when that is not wanted, or means nothing (RFC 2034, 3). */
static void
reply(struct sink_client *client, const char *code, const char *enhanced, const char *text)
{
	bool bare = *enhanced == '\0' || options_of(client)->no_enhanced;

	buf_printf(conn_out(client->conn), "%s %s%s%s\r\n", code, bare ? "" : enhanced, bare ? "" : " ", text);
	log_debug(1, ">>> %s %s", code, text);
}

static void
reply_text(struct sink_client *client, const char *text)
{
	buf_printf(conn_out(client->conn), "%s\r\n", text);
	log_debug(1, ">>> %s", text);
}

static void
ok(struct sink_client *client)
{
	reply(client, "250", "2.0.0", "Ok");
}

static void
out_of_order(struct sink_client *client)
{
	reply(client, "503", "5.5.1", "Error: bad sequence of commands");
}

/* -- commands --------------------------------------------------------------------------------------------------------- */

static void
end_transaction(struct state *state)
{
	smtp_content_fini(&state->decoder);
	memset(&state->decoder, 0, sizeof(state->decoder));
	buf_reset(&state->mail);
	buf_reset(&state->rcpts);
	buf_reset(&state->message);
	state->mail_seen = state->content = false;
	state->recipients = 0;
}

static void
do_connect(struct sink_client *client)
{
	const struct sink_options *options = options_of(client);

	if (options->pix)
		reply_text(client, "220 ********************************************************");
	else
		buf_printf(conn_out(client->conn), "220 %s %s\r\n", options->hostname,
		    options->lmtp ? "LMTP" : options->no_esmtp ? "SMTP" : "ESMTP");
}

static void
greeted(struct sink_client *client, const char *protocol)
{
	struct state *state = client->state;

	end_transaction(state);
	buf_set(&state->helo, buf_view(&state->argument));
	state->protocol = protocol;
}

static void
do_helo(struct sink_client *client)
{
	greeted(client, "SMTP");
	reply(client, "250", "", options_of(client)->hostname);
}

static void
do_ehlo(struct sink_client *client)
{
	const struct sink_options *options = options_of(client);
	const struct {
		bool off;
		const char *keyword;
	} keywords[] = {
		{ options->no_pipelining, "PIPELINING" },
		{ options->no_8bitmime, "8BITMIME" },
		{ options->no_auth, "AUTH PLAIN LOGIN" },
		{ options->no_xclient, "XCLIENT NAME HELO" },
		{ options->no_xforward, "XFORWARD NAME ADDR PROTO HELO" },
		{ options->no_enhanced, "ENHANCEDSTATUSCODES" },
		{ options->no_dsn, "DSN" },
	};

	greeted(client, options->lmtp ? "LMTP" : "ESMTP");
	buf_printf(conn_out(client->conn), "250-%s\r\n", options->hostname);
	for (size_t i = 0; i < ARRAY_COUNT(keywords); i++) {
		if (!keywords[i].off)
			buf_printf(conn_out(client->conn), "250-%s\r\n", keywords[i].keyword);
	}
	reply_text(client, "250 HELP");
}

static void
do_auth(struct sink_client *client)
{
	reply(client, "235", "2.7.0", "Authentication successful");
}

static void
do_mail(struct sink_client *client)
{
	struct state *state = client->state;

	if (state->mail_seen) {
		out_of_order(client);
		return;
	}
	buf_set(&state->mail, buf_view(&state->argument));
	state->mail_seen = true;
	reply(client, "250", "2.1.0", "Ok");
}

static void
do_rcpt(struct sink_client *client)
{
	struct state *state = client->state;

	if (!state->mail_seen) {
		out_of_order(client);
		return;
	}
	if (dump_wanted(options_of(client)))
		buf_printf(&state->rcpts, "%s\n", buf_c(&state->argument));
	state->recipients++;
	reply(client, "250", "2.1.5", "Ok");
}

static void
keep_line(struct view text, bool complete, void *arg)
{
	struct sink_client *client = arg;
	struct state *state = client->state;

	if (!dump_wanted(options_of(client)))
		return;
	buf_putv(&state->message, text);
	if (complete)
		buf_putc(&state->message, '\n');
}

static void
give_up(struct sink_client *client)
{
	buf_printf(conn_out(client->conn), "%d 5.0.0 Error: no more content, please\r\n", ABORT_ANSWER);
	sink_close(client, true);
}

static void
do_data(struct sink_client *client)
{
	const struct sink_options *options = options_of(client);
	struct state *state = client->state;

	if (state->recipients == 0) {
		out_of_order(client);
		return;
	}
	reply(client, "354", "", "End data with <CR><LF>.<CR><LF>");
	state->content = true;
	state->decoder = (struct smtp_content){ .line_limit = LINE_LIMIT, .dots = true, .line = keep_line, .arg = client };
	conn_flush(client->conn);
	if (options->abort_after_sec >= 0)
		sink_pause(client, (msec_t)options->abort_after_sec * 1000, give_up);
	else if (options->data_pause_sec > 0)
		sink_pause(client, (msec_t)options->data_pause_sec * 1000, proceed);
}

/* LMTP answers for each recipient (RFC 2033, 4.2). */
static void
do_dot(struct sink_client *client)
{
	struct state *state = client->state;
	int answers = options_of(client)->lmtp ? state->recipients : 1;

	if (dump_wanted(options_of(client)))
		dump_message(options_of(client), client);
	for (int i = 0; i < answers; i++)
		ok(client);
	end_transaction(state);
	conn_flush(client->conn);
	sink_message_done(client);
}

static void
do_rset(struct sink_client *client)
{
	end_transaction(client->state);
	ok(client);
}

static void
do_noop(struct sink_client *client)
{
	ok(client);
}

static void
do_quit(struct sink_client *client)
{
	reply(client, "221", "2.0.0", "Bye");
	sink_quit_seen(client);
	sink_close(client, true);
}

static void (*const handlers[COMMANDS])(struct sink_client *client) = {
	[COMMAND_CONNECT] = do_connect, [COMMAND_HELO] = do_helo, [COMMAND_EHLO] = do_ehlo, [COMMAND_LHLO] = do_ehlo,
	[COMMAND_XCLIENT] = do_noop, [COMMAND_XFORWARD] = do_noop, [COMMAND_AUTH] = do_auth, [COMMAND_MAIL] = do_mail,
	[COMMAND_RCPT] = do_rcpt, [COMMAND_DATA] = do_data, [COMMAND_DOT] = do_dot, [COMMAND_RSET] = do_rset,
	[COMMAND_NOOP] = do_noop, [COMMAND_VRFY] = do_noop, [COMMAND_QUIT] = do_quit,
};

/* -- what is done to them ----------------------------------------------------------------------------------------------- */

static const struct behaviour *
behaviour_of(const struct sink_client *client)
{
	const struct state *state = client->state;

	return &options_of(client)->behaviours[state->command];
}

static void
refuse(struct sink_client *client, const char *text)
{
	struct state *state = client->state;
	int answers = state->command == COMMAND_DOT && options_of(client)->lmtp ? state->recipients : 1;

	for (int i = 0; i < answers; i++)
		reply_text(client, text);
	if (state->command == COMMAND_DOT)
		end_transaction(state);
}

static void
answer(struct sink_client *client)
{
	const struct sink_options *options = options_of(client);
	const struct state *state = client->state;
	unsigned flags = behaviour_of(client)->flags;

	if (flags & BEHAVIOUR_DISCONNECT) {
		sink_close(client, false);
	} else if (flags & BEHAVIOUR_GOODBYE) {
		reply(client, "421", "4.0.0", "Server closing connection");
		sink_close(client, true);
	} else if (flags & BEHAVIOUR_HARD) {
		refuse(client, options->hard_reply);
	} else if (flags & BEHAVIOUR_SOFT) {
		refuse(client, options->soft_reply);
	} else {
		handlers[state->command](client);
	}
}

static void
answer_late(struct sink_client *client)
{
	answer(client);
	proceed(client);
}

/* The delay, as often as the dice say so. */
static msec_t
delay_ms(const struct behaviour *behaviour)
{
	msec_t delay = (msec_t)behaviour->delay_sec * 1000, sum = delay;

	while (behaviour->odds > 0 && random() % DICE_MAX < behaviour->odds && sum < INT_MAX - delay)
		sum += delay;
	return sum;
}

static void
perform(struct sink_client *client, enum command command)
{
	struct state *state = client->state;
	const struct behaviour *behaviour;

	state->command = command;
	behaviour = behaviour_of(client);
	if (behaviour->delay_sec > 0) {
		conn_flush(client->conn);
		sink_pause(client, delay_ms(behaviour), answer_late);
	} else {
		answer(client);
	}
}

static void
unknown(struct sink_client *client)
{
	reply(client, "500", "5.5.2", "Error: unknown command");
}

static bool
spoken(const struct sink_options *options, int command)
{
	if (command == COMMAND_LHLO)
		return options->lmtp;
	if (command == COMMAND_HELO || command == COMMAND_EHLO)
		return !options->lmtp && (command == COMMAND_HELO || !options->no_esmtp);
	return command != -1 && command != COMMAND_CONNECT && command != COMMAND_DOT;
}

static void
take_command(struct sink_client *client, struct view line)
{
	struct state *state = client->state;
	struct view verb, rest = line;
	int command = view_word(&rest, " \t", &verb) ? sink_command_named(verb) : -1;

	log_debug(1, "<<< %.*s", VIEW_ARG(line));
	if (!spoken(options_of(client), command)) {
		unknown(client);
		return;
	}
	if (options_of(client)->behaviours[command].flags & BEHAVIOUR_LOG)
		log_info("%.*s", VIEW_ARG(line));
	buf_set(&state->argument, view_trim(rest));
	perform(client, (enum command)command);
}

/* -- input -------------------------------------------------------------------------------------------------------------- */

static bool
take_content(struct sink_client *client)
{
	struct state *state = client->state;
	struct view bytes = conn_pending(client->conn);

	conn_take(client->conn, smtp_content_feed(&state->decoder, bytes));
	if (!state->decoder.ended)
		return false;
	state->content = false;
	perform(client, COMMAND_DOT);
	return true;
}

static bool
take_line(struct sink_client *client)
{
	struct view line;

	if (!conn_line(client->conn, &line)) {
		if (conn_pending(client->conn).len > LINE_LIMIT)
			sink_close(client, false);
		return false;
	}
	take_command(client, line);
	return true;
}

/* All that is here, until an answer has to wait. */
static void
proceed(struct sink_client *client)
{
	const struct state *state = client->state;
	bool more = true;

	while (more && !client->closing && !sink_paused(client))
		more = !view_empty(conn_pending(client->conn)) && (state->content ? take_content : take_line)(client);
	if (!client->closing)
		conn_flush(client->conn);
}

static void
opened(struct sink_client *client)
{
	struct state *state = client->state;

	state->protocol = "SMTP";
	perform(client, COMMAND_CONNECT);
	proceed(client);
}

static void
closed(struct sink_client *client)
{
	struct state *state = client->state;
	struct buf *const texts[] = { &state->helo, &state->mail, &state->rcpts, &state->message, &state->argument };

	smtp_content_fini(&state->decoder);
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		buf_fini(texts[i]);
}

static const struct sink_protocol smtp = { sizeof(struct state), opened, proceed, closed };

/* -- start ---------------------------------------------------------------------------------------------------------------- */

/* Ports below 1024 are for root; what comes there is not. */
static void
drop_privileges(const void *arg)
{
	const struct sink_options *options = arg;
	struct identity identity;

	if (options->user != NULL && !identity_of_user(options->user, &identity))
		log_fatal("unknown user: %s", options->user);
	if (options->root != NULL && (chroot(options->root) == -1 || chdir("/") == -1))
		log_fatal("chroot %s: %s", options->root, strerror(errno));
	if (options->user == NULL)
		return;
	identity_become(&identity);
	identity_fini(&identity);
}

int
main(int argc, char **argv)
{
	static char hostname[HOST_NAME_MAX + 1] = "localhost";
	struct sink_options options = {
		.settings = { .clients_max = 256, .timeout_sec = 100, .listening = drop_privileges },
		.hostname = hostname, .soft_reply = "450 4.3.0 Error: command failed",
		.hard_reply = "500 5.3.0 Error: command failed", .abort_after_sec = -1,
	};

	command_begin("smtp-sink");
	gethostname(hostname, sizeof(hostname) - 1);
	sink_options_parse(&options, argc, argv);
	sink_run(&options.settings, &smtp, argv[optind], argv[optind + 1], &options);
	return 0;
}
