#include "smtpd/transaction.h"

#include "global/message/date.h"
#include "global/queue/envelope.h"
#include "smtpd/proxy.h"
#include "smtpd/reply.h"
#include "util/log/log.h"
#include "util/text/chars.h"

void
transaction_begin(struct session *session, const struct address *sender, const struct smtp_mail_params *params)
{
	struct transaction *tx = &session->transaction;
	struct buf internal = BUF_INIT;

	address_join(&internal, sender);
	tx->sender = arena_view(&tx->arena, buf_view(&internal));
	tx->params = *params;
	buf_fini(&internal);
	session_set_state(session, STATE_MAIL);
}

void
transaction_end(struct session *session)
{
	struct transaction *tx = &session->transaction;
	struct arena arena = tx->arena;

	if (tx->open)
		receiver_abort(session->server->receiver);
	proxy_close(session);
	smtp_content_fini(&tx->decoder);
	origin_reset(&session->origin);
	buf_reset(&session->instance);
	arena_reset(&arena);
	memset(tx, 0, sizeof(*tx));
	tx->arena = arena;
	session_set_state(session, STATE_READY);
}

/* -- the envelope (doc/queue-file.md, section 6) ------------------------------------------------------------------------ */

static void
put_attribute(struct session *session, const char *name, struct view value)
{
	if (!view_empty(value))
		receiver_printf(session->server->receiver, RECORD_ATTRIBUTE, "%s=%.*s", name, VIEW_ARG(value));
}

static void
put_number(struct session *session, const char *name, int value)
{
	if (value != 0)
		receiver_printf(session->server->receiver, RECORD_ATTRIBUTE, "%s=%d", name, value);
}

static struct view
or_unknown(struct view text)
{
	return view_empty(text) ? VIEW("unknown") : text;
}

static void
put_port(struct session *session, const char *name, const struct netaddr *addr)
{
	if (addr->port != 0)
		put_number(session, name, addr->port);
	else
		put_attribute(session, name, VIEW("unknown"));
}

/* Whom the client speaks for; what was not said is unknown. */
static void
put_origin(struct session *session)
{
	const struct origin *origin = &session->origin;
	struct buf namaddr = BUF_INIT;

	maillog_peer(&namaddr, buf_view(&origin->name), buf_view(&origin->address));
	put_attribute(session, "log_client_name", or_unknown(buf_view(&origin->name)));
	put_attribute(session, "log_client_address", or_unknown(buf_view(&origin->rfc_address)));
	put_attribute(session, "log_client_port", or_unknown(buf_view(&origin->port)));
	put_attribute(session, "log_message_origin", buf_view(&namaddr));
	put_attribute(session, "log_helo_name", buf_view(&origin->helo));
	put_attribute(session, "log_protocol_name", buf_view(&origin->protocol));
	buf_fini(&namaddr);
}

/* What the log of the next hop shall tell of the client. */
static void
put_logged_client(struct session *session)
{
	const struct peer *peer = &session->peer;

	if (session->origin.given) {
		put_origin(session);
		return;
	}
	put_attribute(session, "log_client_name", buf_view(&peer->name));
	put_attribute(session, "log_client_address", buf_view(&peer->rfc_address));
	put_port(session, "log_client_port", &peer->addr);
	put_attribute(session, "log_message_origin", buf_view(&peer->namaddr));
	put_attribute(session, "log_helo_name", buf_view(&session->helo));
	put_attribute(session, "log_protocol_name", view_string(session_protocol(session)));
}

/* Who wrote this decides whether its addresses are completed with our own domain. */
static void
put_rewrite_context(struct session *session)
{
	bool local = session->local_rewrite;

	if (session->origin.source != ORIGIN_SOURCE_UNKNOWN)
		local = session->origin.source == ORIGIN_LOCAL;
	put_attribute(session, "rewrite_context", view_string(local ? "local" : "remote"));
}

static void
put_client(struct session *session)
{
	const struct peer *peer = &session->peer;
	struct buf server = BUF_INIT;

	netaddr_put(&server, &peer->server);
	put_attribute(session, "client_name", buf_view(&peer->name));
	put_attribute(session, "reverse_client_name", buf_view(&peer->reverse_name));
	put_attribute(session, "client_address", buf_view(&peer->address));
	put_port(session, "client_port", &peer->addr);
	put_attribute(session, "server_address", or_unknown(buf_view(&server)));
	put_port(session, "server_port", &peer->server);
	put_attribute(session, "helo_name", buf_view(&session->helo));
	put_attribute(session, "protocol_name", view_string(session_protocol(session)));
	put_number(session, "client_address_type", peer->addr.family);
	buf_fini(&server);
}

static const char *const encodings[] = {
	[SMTP_BODY_7BIT] = "7bit",
	[SMTP_BODY_8BITMIME] = "8bit",
};

static void
put_envelope(struct session *session)
{
	struct receiver *to = session->server->receiver;
	const struct transaction *tx = &session->transaction;
	struct timeval now = clock_wall();

	receiver_printf(to, RECORD_TIME, "%lld %lld", (long long)now.tv_sec, (long long)now.tv_usec);
	if (session->config->content_filter[0] != '\0')
		receiver_put(to, RECORD_FILTER, view_string(session->config->content_filter));
	put_attribute(session, "log_ident", buf_view(&session->origin.ident));
	put_rewrite_context(session);
	put_attribute(session, "sasl_method", buf_view(&session->login_method));
	put_attribute(session, "sasl_username", buf_view(&session->login_name));
	put_attribute(session, "envelope_id", tx->params.envid);
	put_number(session, "ret_flags", tx->params.ret);
	receiver_put(to, RECORD_SENDER, tx->sender);
	if (tx->params.body != SMTP_BODY_UNKNOWN)
		put_attribute(session, "encoding", view_string(encodings[tx->params.body]));
	put_logged_client(session);
	put_client(session);
	if (tx->params.has_verp)
		receiver_put(to, RECORD_VERP, tx->params.verp);
}

bool
transaction_open(struct session *session)
{
	struct transaction *tx = &session->transaction;
	unsigned flags = session->server->cleanup_flags | (tx->params.smtputf8 ? CLEANUP_SMTPUTF8 : 0);
	struct buf why = BUF_INIT;

	if (!tx->open) {
		tx->open = receiver_open(session->server->receiver, flags, &why);
		if (tx->open)
			put_envelope(session);
		else
			log_warn("cleanup service is not available: %s", buf_c(&why));
	}
	buf_fini(&why);
	return tx->open;
}

void
transaction_count_recipient(struct session *session, struct view internal)
{
	struct transaction *tx = &session->transaction;

	if (tx->accepted++ == 0)
		tx->first_recipient = arena_view(&tx->arena, internal);
	session_set_state(session, STATE_RCPT);
}

bool
transaction_add_recipient(struct session *session, const struct address *recipient, const struct smtp_rcpt_params *params)
{
	struct receiver *to = session->server->receiver;
	struct buf internal = BUF_INIT, external = BUF_INIT;

	if (!transaction_open(session))
		return false;
	address_join(&internal, recipient);
	address_quote(&external, buf_view(&internal));
	put_number(session, "notify_flags", params->notify);
	if (!view_empty(params->orcpt))
		put_attribute(session, "dsn_orig_rcpt", params->orcpt);
	else
		receiver_printf(to, RECORD_ATTRIBUTE, "dsn_orig_rcpt=%s;%s",
		    recipient->needs_smtputf8 ? "utf-8" : "rfc822", buf_c(&external));
	receiver_put(to, RECORD_RECIPIENT, buf_view(&internal));
	transaction_count_recipient(session, buf_view(&internal));
	buf_fini(&internal);
	buf_fini(&external);
	return true;
}

static void
announce(struct session *session, struct view id)
{
	const struct origin *origin = &session->origin;
	struct maillog_client line = { .queue_id = id, .namaddr = buf_view(&session->peer.namaddr),
	    .login = session_login(session), .original_id = buf_view(&origin->ident) };
	struct buf namaddr = BUF_INIT;

	if (origin->name.len > 0 || origin->address.len > 0)
		maillog_peer(&namaddr, buf_view(&origin->name), buf_view(&origin->address));
	line.original_namaddr = buf_view(&namaddr);
	maillog_client(&line);
	buf_fini(&namaddr);
}

struct view
transaction_id(struct session *session)
{
	struct transaction *tx = &session->transaction;
	struct view id;

	if (!tx->open || !receiver_names_early(session->server->receiver))
		return VIEW_EMPTY;
	id = receiver_id(session->server->receiver);
	if (!tx->announced && !view_empty(id))
		announce(session, id);
	tx->announced = true;
	return id;
}

struct view
transaction_log_name(struct session *session)
{
	struct view id = transaction_id(session);

	return view_empty(id) ? VIEW("NOQUEUE") : id;
}

/* -- content ------------------------------------------------------------------------------------------------------------ */

/* What the rules want done, as far as cleanup was not yet told. */
static void
put_actions(struct session *session)
{
	struct receiver *to = session->server->receiver;
	struct access_actions *actions = &session->transaction.actions;
	unsigned flags = (actions->hold ? CLEANUP_HOLD : 0) | (actions->discard ? CLEANUP_DISCARD : 0);

	if (!view_empty(actions->filter))
		receiver_put(to, RECORD_FILTER, actions->filter);
	if (!view_empty(actions->redirect))
		receiver_put(to, RECORD_REDIRECT, actions->redirect);
	for (const struct access_line *bcc = actions->bcc; bcc != NULL; bcc = bcc->next) {
		put_number(session, "notify_flags", DSN_NOTIFY_NEVER);
		receiver_put(to, RECORD_RECIPIENT, bcc->text);
	}
	if (flags != 0)
		receiver_printf(to, RECORD_FLAGS, "%u", flags);
	*actions = (struct access_actions){ .prepend = actions->prepend };
}

/* A piece of the message itself: to cleanup, or to the filter that stands in front of it. */
static void
put_content(struct session *session, struct view text, bool complete)
{
	if (session->transaction.proxy != NULL)
		proxy_line(session, text, complete);
	else
		receiver_put(session->server->receiver, complete ? RECORD_LINE : RECORD_LONG, text);
}

static void __attribute__((format(printf, 2, 3)))
put_header(struct session *session, const char *format, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&line, format, ap);
	va_end(ap);
	put_content(session, buf_view(&line), true);
	buf_fini(&line);
}

/* What clients say of themselves must not look like syntax, nor like another header. */
static void
put_neutral(struct buf *out, struct view text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		buf_putc(out, char_is(c, CHAR_CONTROL) || (c != '\0' && strchr(" <>()\\\";@", c) != NULL) ? '?' : c);
	}
}

static void
received_from(struct session *session, struct buf *line)
{
	const struct peer *peer = &session->peer;

	buf_puts(line, "Received: from ");
	put_neutral(line, session->helo.len > 0 ? buf_view(&session->helo) : buf_view(&peer->name));
	buf_printf(line, " (%s [%s])", buf_c(&peer->name), buf_c(&peer->rfc_address));
}

/* Time-stamp-line (RFC 5321, 4.4) */
static void
put_received(struct session *session)
{
	struct transaction *tx = &session->transaction;
	const struct smtpd_config *config = session->config;
	struct view id = transaction_id(session);
	struct buf line = BUF_INIT, external = BUF_INIT, date = BUF_INIT;
	const char *protocol = tx->params.smtputf8 ? "UTF8SMTP" : session_protocol(session);
	bool hidden = config->hide_client_session;

	date_put(&date, clock_wall().tv_sec);
	if (!hidden) {
		received_from(session, &line);
		put_content(session, buf_view(&line), true);
	}
	put_header(session, "%sby %s (%s)%s%s%s%.*s%s", hidden ? "Received: " : "\t", config->myhostname, config->mail_name,
	    hidden ? "" : " with ", hidden ? "" : protocol, view_empty(id) ? "" : " id ", VIEW_ARG(id),
	    tx->accepted == 1 ? "" : ";");
	address_quote(&external, tx->first_recipient);
	if (tx->accepted == 1)
		put_header(session, "\tfor <%s>; %s", buf_c(&external), buf_c(&date));
	else
		put_header(session, "\t%s", buf_c(&date));
	buf_fini(&line);
	buf_fini(&external);
	buf_fini(&date);
}

bool
transaction_too_big(const struct session *session)
{
	return session->config->message_size_limit > 0
	    && session->transaction.size > (uint64_t)session->config->message_size_limit;
}

/* What stands above the client's text. */
static void
put_trace(struct session *session)
{
	struct transaction *tx = &session->transaction;

	for (const struct access_line *header = tx->actions.prepend; header != NULL; header = header->next)
		put_content(session, header->text, true);
	if (!session->standalone)	/* else pickup does */
		put_received(session);
	tx->traced = true;
}

static void
take_line(struct view text, bool complete, void *arg)
{
	struct session *session = arg;
	struct transaction *tx = &session->transaction;

	if (!tx->traced)
		put_trace(session);
	/* HM4: content that begins with a blank does not go on with our Received: header. */
	if (tx->size == 0 && !tx->failed && text.len > 0 && char_is(text.data[0], CHAR_BLANK))
		put_content(session, VIEW_EMPTY, true);
	tx->size += text.len + (complete ? 2 : 0);
	if (!tx->failed && !transaction_too_big(session))
		put_content(session, text, complete);
}

static bool
start_receiver(struct session *session)
{
	struct receiver *to = session->server->receiver;

	if (!transaction_open(session))
		return reply(session, 451, "4.3.0", "Error: queue file write error");
	put_actions(session);
	receiver_put(to, RECORD_CONTENT, VIEW_EMPTY);
	receiver_push(to);
	return true;
}

bool
transaction_start_content(struct session *session, bool dots)
{
	struct transaction *tx = &session->transaction;

	tx->decoder = (struct smtp_content){ .line_limit = (size_t)session->config->line_length_limit, .dots = dots,
	    .strict = session->server->bare_newline >= BARE_NEWLINE_NORMALIZE && !session->lenient_lf,
	    .line = take_line, .arg = session };
	tx->content = true;
	return proxy_wanted(session) ? proxy_start_content(session) : start_receiver(session);
}

/* -- the end ------------------------------------------------------------------------------------------------------------- */

static bool
refuses_bare_lf(const struct session *session)
{
	return session->transaction.decoder.bare_lf && session->server->bare_newline == BARE_NEWLINE_REJECT
	    && !session->lenient_lf;
}

static bool
refuse_size(struct session *session)
{
	struct view name = transaction_log_name(session);

	log_warn("%.*s: queue file size limit exceeded", VIEW_ARG(name));
	return reply(session, 552, "5.3.4", "Error: message file too big");
}

/* What this server has to say against the message, before cleanup is asked. */
static bool
passes(struct session *session)
{
	struct access_facts facts;

	if (refuses_bare_lf(session)) {
		session_log_reject(session, "bare <LF> received");
		return reply(session, session->config->forbid_bare_newline_reject_code, "5.5.2",
		    "%s Error: bare <LF> received", session->config->myhostname);
	}
	if (transaction_too_big(session))
		return refuse_size(session);
	session_facts(session, &facts);
	if (session->standalone || access_end_of_data(session->server->access, &facts, &session->verdict))
		return true;
	return reply_verdict(session, &session->verdict);
}

static bool
reply_status(struct session *session, unsigned status, struct view id, struct view reason)
{
	const struct transaction *tx = &session->transaction;
	const struct cleanup_reply_row *row;
	char dsn[DSN_STATUS_SIZE];
	struct view text;

	if (status == CLEANUP_OK && tx->decoder.dots)
		return reply(session, 250, "2.0.0", "Ok: queued as %.*s", VIEW_ARG(id));
	if (status == CLEANUP_OK)
		return reply(session, 250, "2.0.0", "Ok: %llu bytes queued as %.*s",
		    (unsigned long long)tx->chunk_bytes, VIEW_ARG(id));
	row = cleanup_reply(status);
	if (dsn_split(reason, dsn, &text) && (dsn[0] == '4' || dsn[0] == '5'))
		return reply(session, dsn[0] == row->dsn[0] ? row->smtp_code : dsn[0] == '4' ? 451 : 550, dsn, "%.*s", VIEW_ARG(text));
	return view_empty(reason) ? reply(session, row->smtp_code, row->dsn, "Error: %s", row->text)
	    : reply(session, row->smtp_code, row->dsn, "%.*s", VIEW_ARG(reason));
}

static bool
finish_receiver(struct session *session)
{
	struct receiver *to = session->server->receiver;
	struct buf id = BUF_INIT, reason = BUF_INIT;
	unsigned status;
	bool good;

	receiver_put(to, RECORD_EXTRACTED, VIEW_EMPTY);
	put_actions(session);
	receiver_put(to, RECORD_END, VIEW_EMPTY);
	buf_putv(&id, transaction_id(session));
	status = receiver_finish(to, &reason);
	if (!receiver_names_early(to))
		buf_putv(&id, receiver_id(to));
	session->transaction.open = false;
	good = reply_status(session, status, buf_view(&id), buf_view(&reason));
	buf_fini(&id);
	buf_fini(&reason);
	return good;
}

bool
transaction_finish(struct session *session)
{
	bool good;

	smtp_content_finish(&session->transaction.decoder);
	if (!session->transaction.traced)
		put_trace(session);
	session->bare_lf = session->bare_lf || session->transaction.decoder.bare_lf;
	good = passes(session)
	    && (session->transaction.proxy != NULL ? proxy_finish(session) : finish_receiver(session));
	if (good)
		session->errors = session->junk = 0;	/* limits are for clients that deliver nothing */
	transaction_end(session);
	session_flush_history(session);
	return good;
}
