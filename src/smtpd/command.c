#include "smtpd/command.h"

#include "smtpd/reply.h"
#include "util/log/log.h"
#include "util/text/encode.h"

enum {
	ENDS_PIPELINE	= 1 << 0,	/* the client must wait for the answer (RFC 2920, 3.1) */
	JUNK		= 1 << 1,	/* counts against smtpd_junk_command_limit */
	WHEN_DENIED	= 1 << 2,	/* is left to clients refused at connect */
	BEFORE_TLS	= 1 << 4,	/* is left to clients that have to encrypt first */
	ABSENT		= 1 << 5,	/* known, but there is no such service here */
	EVEN_WRONG	= 1 << 3,	/* has something to read even when it comes at the wrong time: checks for itself */
};

#define IN(state)	(1U << STATE_##state)
#define IN_ANY		(~0U)

struct command {
	const char *name;
	bool (*run)(struct session *session, struct view arguments);
	unsigned states, flags;
	const char *counter;		/* in the summary */
};

/* In the order of the summary. */
static const struct command commands[] = {
	{ "HELO", cmd_helo, IN_ANY,			ENDS_PIPELINE | JUNK | BEFORE_TLS, "helo" },
	{ "EHLO", cmd_ehlo, IN_ANY,			ENDS_PIPELINE | JUNK | BEFORE_TLS, "ehlo" },
	{ "XCLIENT", cmd_xclient, IN(READY),		ENDS_PIPELINE,			"xclient" },
	{ "XFORWARD", cmd_xforward, IN(READY),		0,				"xforward" },
	{ "STARTTLS", cmd_starttls, IN_ANY,		ENDS_PIPELINE | BEFORE_TLS | ABSENT, "starttls" },
	{ "AUTH", cmd_auth, IN_ANY,			ENDS_PIPELINE | ABSENT,		"auth" },
	{ "MAIL", cmd_mail, IN(READY),			0,				"mail" },
	{ "RCPT", cmd_rcpt, IN(MAIL) | IN(REFUSED) | IN(RCPT), 0,			"rcpt" },
	{ "DATA", cmd_data, IN(RCPT),			ENDS_PIPELINE,			"data" },
	{ "BDAT", cmd_bdat, IN(RCPT) | IN(BDAT) | IN(SWALLOW), EVEN_WRONG,			"bdat" },
	{ "RSET", cmd_rset, IN_ANY,			JUNK,				"rset" },
	{ "NOOP", cmd_noop, IN_ANY,			ENDS_PIPELINE | JUNK | BEFORE_TLS, "noop" },
	{ "VRFY", cmd_vrfy, IN_ANY,			ENDS_PIPELINE | JUNK,		"vrfy" },
	{ "ETRN", cmd_etrn, IN(READY),			JUNK,				"etrn" },
	{ "QUIT", cmd_quit, IN_ANY,			ENDS_PIPELINE | WHEN_DENIED | BEFORE_TLS, "quit" },
	{ "HELP", cmd_help, IN_ANY,			ENDS_PIPELINE | JUNK | BEFORE_TLS, "help" },
};

enum { UNKNOWN = ARRAY_COUNT(commands) };	/* index of its counter */
_Static_assert((int)UNKNOWN < (int)COMMANDS_MAX, "a counter for each verb and one for the rest");

/* What a verb gets that comes at the wrong time. */
struct misplaced {
	const char *name;
	unsigned states;
	int code;
	const char *dsn, *text;
};

static const struct misplaced out_of_order[] = {
	{ "XCLIENT", ~IN(READY),			503, "5.5.1", "Error: MAIL transaction in progress" },
	{ "XFORWARD", ~IN(READY),			503, "5.5.1", "Error: MAIL transaction in progress" },
	{ "MAIL", IN(MAIL) | IN(REFUSED) | IN(RCPT) | IN(BDAT), 503, "5.5.1", "Error: nested MAIL command" },
	{ "MAIL", IN(SWALLOW),				503, "5.5.1", "Error: MAIL after BDAT" },
	{ "RCPT", IN(READY),				503, "5.5.1", "Error: need MAIL command" },
	{ "RCPT", IN(BDAT) | IN(SWALLOW),		503, "5.5.1", "Error: RCPT after BDAT" },
	{ "DATA", IN(READY),				503, "5.5.1", "Error: need RCPT command" },
	{ "DATA", IN(MAIL) | IN(REFUSED),		554, "5.5.1", "Error: no valid recipients" },
	{ "DATA", IN(BDAT) | IN(SWALLOW),		503, "5.5.1", "Error: DATA after BDAT" },
	{ "BDAT", IN(READY),				503, "5.5.1", "Error: need RCPT command" },
	{ "BDAT", IN(MAIL) | IN(REFUSED),		554, "5.5.1", "Error: no valid recipients" },
	{ "ETRN", ~IN(READY),				503, NULL,    "Error: MAIL transaction in progress" },
};

static bool
wrong_time(struct session *session, const struct command *command)
{
	for (size_t i = 0; i < ARRAY_COUNT(out_of_order); i++) {
		if (strcmp(out_of_order[i].name, command->name) == 0
		    && (out_of_order[i].states & 1U << session->state) != 0)
			return reply(session, out_of_order[i].code, out_of_order[i].dsn, "%s", out_of_order[i].text);
	}
	return reply(session, 503, "5.5.1", "Error: bad sequence of commands");
}

bool
command_wrong_time(struct session *session, const char *name)
{
	const struct command command = { .name = name };

	return wrong_time(session, &command);
}

static const struct command *
find(struct view verb)
{
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		if (view_is_nocase(verb, commands[i].name))
			return &commands[i];
	}
	return NULL;
}

/* -- clients that do not speak SMTP ----------------------------------------------------------------------------------- */

static bool
is_header(struct view line)
{
	ptrdiff_t colon = view_find(line, ':');

	for (ptrdiff_t i = 0; i < colon; i++) {
		if (!char_is(line.data[i], CHAR_FTEXT))
			return false;
	}
	return colon > 0;
}

static void
dismiss(struct session *session)
{
	log_warn("non-SMTP command from %s: %.100s", buf_c(&session->peer.namaddr), buf_c(&session->line));
	reply(session, 221, "2.7.0", "Error: I can break rules, too. Goodbye.");
	session->closing = true;
}

static bool
unknown(struct session *session, struct view verb, struct view line)
{
	if (match_list_string(session->server->forbidden_commands, verb) == LOOKUP_FOUND || is_header(line)) {
		dismiss(session);
		return false;
	}
	return reply(session, 500, "5.5.2", "Error: command not recognized");
}

/* -- dispatch ---------------------------------------------------------------------------------------------------------- */

/* A mail reader that only probes says EHLO and QUIT at once: harmless. */
static bool
spoke_out_of_turn(const struct session *session, const struct command *command)
{
	struct view more = stream_pending(session->stream);

	if (session->standalone || view_empty(more) || ((command->flags & ENDS_PIPELINE) == 0 && session->esmtp))
		return false;
	return !view_is_nocase(more, "QUIT\r\n");
}

/* Line ends as C writes them: they tell how the client sends. */
static void
put_escaped(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\r' || text.data[i] == '\n' || text.data[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, text.data[i] == '\r' ? 'r' : text.data[i] == '\n' ? 'n' : text.data[i]);
	}
}

static bool
refuse_pipelining(struct session *session, const struct command *command)
{
	struct buf more = BUF_INIT;

	put_escaped(&more, view_slice(stream_pending(session->stream), 0, 100));
	if (!session->pipelined)
		log_info("improper command pipelining after %s from %s: %s", command->name, buf_c(&session->peer.namaddr),
		    buf_c(&more));
	buf_fini(&more);
	session->pipelined = true;
	if (!session->config->forbid_unauth_pipelining)
		return false;
	reply(session, 554, "5.5.0", "Error: SMTP protocol synchronization");
	return session->closing = true;
}

static bool
dispatch(struct session *session, const struct command *command, struct view arguments)
{
	if (session->denied && (command->flags & WHEN_DENIED) == 0)
		return reply(session, 503, "5.7.0", "Error: access denied for %s", buf_c(&session->peer.namaddr));
	if (session->server->needs_tls && (command->flags & BEFORE_TLS) == 0)
		return reply(session, 530, "5.7.0", "Must issue a STARTTLS command first");
	if (spoke_out_of_turn(session, command) && refuse_pipelining(session, command))
		return false;
	if ((command->flags & JUNK) != 0 && session->junk++ > session->config->junk_command_limit)
		session->errors++;
	if ((command->states & 1U << session->state) == 0 && (command->flags & EVEN_WRONG) == 0)
		return wrong_time(session, command);
	return command->run(session, arguments);
}

static bool
take_as_noop(struct session *session)
{
	if (session->junk++ > session->config->junk_command_limit)
		session->errors++;
	return reply(session, 250, "2.0.0", "Ok");
}

static void
count(struct session *session, size_t which, bool good)
{
	session->counts[which].total++;
	session->counts[which].good += good;
	if (!good)
		session->errors++;
}

static void
split_verb(struct view line, struct view *verb, struct view *arguments)
{
	ptrdiff_t blank;

	line = view_trim(line);
	blank = view_find_any(line, " \t");
	*verb = blank < 0 ? line : view_slice(line, 0, (size_t)blank);
	*arguments = blank < 0 ? VIEW_EMPTY : view_trim(view_slice(line, (size_t)blank, line.len));
}

/* smtpd_command_filter: a line that a table replaces */
static void
filter(struct session *session, struct view line)
{
	struct buf value = BUF_INIT;

	switch (maps_lookup(session->server->command_filter, line, false, &value, NULL)) {
	case LOOKUP_FOUND:
		buf_swap(&session->line, &value);
		break;
	case LOOKUP_NONE:
		break;
	case LOOKUP_RETRY:
		reply(session, 421, "4.3.0", "%s Server local data error", session->config->myhostname);
		break;
	}
	buf_fini(&value);
}

static bool
bad_syntax(struct session *session, struct view line, struct view verb)
{
	if (session->config->smtputf8_enable && !utf8_valid(line))
		return !reply(session, 500, "5.5.2", "Error: bad UTF-8 syntax");
	if (view_empty(verb))
		return !reply(session, 500, "5.5.2", "Error: bad syntax");
	return false;
}

void
command_run(struct session *session, struct view line)
{
	const struct command *command;
	struct view verb, arguments;

	if (!maps_empty(session->server->command_filter)) {
		filter(session, line);
		if (session->closing)
			return;
		line = buf_view(&session->line);
	}
	split_verb(line, &verb, &arguments);
	session->where = "UNKNOWN";
	command = find(verb);
	if (bad_syntax(session, line, verb)) {
		count(session, UNKNOWN, false);
	} else if (match_list_string(session->server->noop_commands, verb) == LOOKUP_FOUND) {
		count(session, UNKNOWN, take_as_noop(session));		/* whatever it means elsewhere */
	} else if (command == NULL) {
		count(session, UNKNOWN, !session->denied ? unknown(session, verb, line)
		    : reply(session, 503, "5.7.0", "Error: access denied for %s", buf_c(&session->peer.namaddr)));
	} else {
		session->where = command->name;
		count(session, (size_t)(command - commands), dispatch(session, command, arguments));
	}
}

static void
put_count(struct buf *out, const char *name, struct command_count count)
{
	if (count.total == count.good)
		buf_printf(out, " %s=%u", name, count.good);
	else
		buf_printf(out, " %s=%u/%u", name, count.good, count.total);
}

void
command_summary(const struct session *session, struct buf *out)
{
	struct command_count sum = { 0, 0 };

	for (size_t i = 0; i <= UNKNOWN; i++) {
		if (session->counts[i].total == 0)
			continue;
		put_count(out, i < UNKNOWN ? commands[i].counter : "unknown", session->counts[i]);
		sum.good += session->counts[i].good;
		sum.total += session->counts[i].total;
	}
	if (sum.total == 0)
		buf_puts(out, " commands=0/0");
	else
		put_count(out, "commands", sum);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
command_names(struct buf *out)
{
	const char *names[ARRAY_COUNT(commands)];
	size_t known = 0;

	for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
		if ((commands[i].flags & ABSENT) == 0)
			names[known++] = commands[i].name;
	qsort(names, known, sizeof(names[0]), by_name);
	for (size_t i = 0; i < known; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "", names[i]);
}
