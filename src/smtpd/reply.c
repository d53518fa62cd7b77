#include "smtpd/reply.h"

#include <poll.h>

#include "global/smtp/reply.h"
#include "util/log/log.h"

/* A client in error waits; what was said before reaches it first. */
static void
slow_down(struct session *session)
{
	if (session->errors < session->config->soft_error_limit || session->config->error_sleep_time_sec == 0)
		return;
	stream_flush(session->stream);
	poll(NULL, 0, session->config->error_sleep_time_sec * 1000);
}

/* What goes out: a code, an enhanced code or "", and text of one or more lines. */
struct message {
	int code;
	char dsn[DSN_STATUS_SIZE];
	struct buf text;
	bool table_failed;
};

static void
soften(const struct session *session, struct message *message)
{
	if (!session->config->soft_bounce || message->code < 500)
		return;
	message->code -= 100;
	if (message->dsn[0] == '5')
		message->dsn[0] = '4';
}

static void
put_whole(struct buf *out, const struct message *message)
{
	buf_printf(out, "%d %s%s%s", message->code, message->dsn, message->dsn[0] != '\0' ? " " : "", buf_c(&message->text));
}

/* -- smtpd_reject_filter_maps: another reply in place of a refusal ------------------------------------------------------ */

static bool
parse_refusal(struct view text, struct message *out)
{
	unsigned long long code;
	struct view word, rest = text;

	if (!view_word(&rest, " ", &word) || word.len != 3 || !view_number(word, &code) || code < 400 || code > 599)
		return false;
	out->code = (int)code;
	out->dsn[0] = '\0';
	rest = view_trim(rest);
	if (dsn_split(rest, out->dsn, &rest) && out->dsn[0] != word.data[0])
		return false;
	buf_set(&out->text, rest);
	return true;
}

static void
filter(struct session *session, struct message *message)
{
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct view id;

	put_whole(&before, message);
	if (maps_lookup(session->server->reject_filter, buf_view(&before), false, &after, NULL) == LOOKUP_FOUND) {
		id = transaction_log_name(session);
		log_info("%.*s: reply filter in: %s", VIEW_ARG(id), buf_c(&before));
		log_info("%.*s: reply filter out: %s", VIEW_ARG(id), buf_c(&after));
		if (!parse_refusal(buf_view(&after), message))
			log_warn("smtpd_reject_filter_maps: no valid reply: %s", buf_c(&after));
	}
	buf_fini(&before);
	buf_fini(&after);
}

/* -- smtpd_reject_footer ---------------------------------------------------------------------------------------------------- */

/* "\n" divides lines; a footer that begins with "\c" goes on where the reply ends. */
static void
append_footer(struct message *message, struct view footer)
{
	ptrdiff_t at;

	if (view_starts(footer, VIEW("\\c")))
		footer = view_slice(footer, 2, footer.len);
	else
		buf_putc(&message->text, '\n');
	while ((at = view_find_view(footer, VIEW("\\n"))) >= 0) {
		buf_putv(&message->text, view_slice(footer, 0, (size_t)at));
		buf_putc(&message->text, '\n');
		footer = view_slice(footer, (size_t)at + 2, footer.len);
	}
	buf_putv(&message->text, footer);
}

static void
expand_footer(struct session *session, const char *template, struct message *message)
{
	struct buf footer = BUF_INIT;
	struct access_facts facts;

	session_facts(session, &facts);
	if (template[0] != '\0' && access_expand(session->server->access, &facts, NULL, 0, template, &footer))
		append_footer(message, buf_view(&footer));
	buf_fini(&footer);
}

static void
add_footer(struct session *session, struct message *message)
{
	struct buf whole = BUF_INIT, footer = BUF_INIT;
	const char *template = session->config->reject_footer;

	put_whole(&whole, message);
	if (!maps_empty(session->server->reject_footers)
	    && maps_lookup(session->server->reject_footers, buf_view(&whole), false, &footer, NULL) == LOOKUP_FOUND)
		template = buf_c(&footer);
	expand_footer(session, template, message);
	buf_fini(&whole);
	buf_fini(&footer);
}

/* -- all replies ------------------------------------------------------------------------------------------------------------- */

/* For the postmaster, should he want to know. */
static void
note(struct session *session, const struct message *message)
{
	transcript_out(&session->transcript, message->code, message->dsn, buf_view(&message->text));
	if (message->table_failed)
		session->transcript.troubles |= TROUBLE_DATA;
	else if (message->code >= 400)
		transcript_refused(&session->transcript, message->dsn, buf_view(&message->text));
}

static bool
send_reply(struct session *session, int code, const char *dsn, struct view text, bool table_failed)
{
	struct message message = { .code = code, .table_failed = table_failed };
	bool good = code < 400;

	snprintf(message.dsn, sizeof(message.dsn), "%s", dsn != NULL ? dsn : "");
	buf_putv(&message.text, text);
	if (!good) {
		soften(session, &message);
		if (!maps_empty(session->server->reject_filter))
			filter(session, &message);
		add_footer(session, &message);
	}
	slow_down(session);
	smtp_reply_put(session->stream, message.code, message.dsn, buf_view(&message.text));
	note(session, &message);
	log_debug(1, "> %s: %d %s %s", buf_c(&session->peer.namaddr), message.code, message.dsn, buf_c(&message.text));
	if (message.code == 421 || message.code == 521)
		session->closing = true;
	buf_fini(&message.text);
	return good;
}

bool
reply(struct session *session, int code, const char *dsn, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;
	bool good;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	good = send_reply(session, code, dsn, buf_view(&text), false);
	buf_fini(&text);
	return good;
}

bool
reply_verdict(struct session *session, const struct access_verdict *verdict)
{
	return send_reply(session, verdict->code, verdict->dsn, buf_view(&verdict->text), verdict->table_failed);
}
