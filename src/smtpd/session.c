#include "smtpd/session.h"

#include <errno.h>

#include "smtpd/command.h"
#include "smtpd/ehlo.h"
#include "smtpd/reply.h"
#include "util/log/log.h"

enum { LAST_WORDS_MS = 5000 };		/* to say goodbye to a client that is slow or gone */

static const char *const state_names[] = {
	[STATE_READY] = "ready",
	[STATE_MAIL] = "mail",
	[STATE_REFUSED] = "refused",
	[STATE_RCPT] = "rcpt",
	[STATE_BDAT] = "bdat",
};

void
session_set_state(struct session *session, enum session_state state)
{
	if (state != session->state)
		log_debug(2, "%s: %s -> %s", buf_c(&session->peer.namaddr), state_names[session->state], state_names[state]);
	session->state = state;
}

const char *
session_protocol(const struct session *session)
{
	return session->esmtp ? "ESMTP" : "SMTP";
}

static struct view
queue_id(void *arg)
{
	return transaction_id(arg);
}

void
session_facts(struct session *session, struct access_facts *facts)
{
	struct transaction *tx = &session->transaction;

	*facts = (struct access_facts){
		.stage = session->where, .peer = &session->peer, .protocol = session_protocol(session),
		.helo = buf_view(&session->helo), .has_helo = session->helo.len > 0,
		.sender = tx->sender, .has_sender = session->state != STATE_READY,
		.pipelined = session->pipelined, .recipient_count = tx->accepted,
		.queue_id = queue_id, .arg = session, .arena = &tx->arena, .actions = &tx->actions,
	};
}

/* -- greeting -------------------------------------------------------------------------------------------------------------- */

static void
refuse_at_connect(struct session *session)
{
	session->denied = true;
	reply_verdict(session, &session->verdict);
}

static void
greet(struct session *session)
{
	struct access_facts facts;

	session->where = "CONNECT";
	session_facts(session, &facts);
	facts.actions = NULL;
	if (session->config->forbid_unauth_pipelining && !session->standalone && stream_readable(session->stream)
	    && stream_pending(session->stream).len > 0) {
		session->pipelined = true;
		log_info("improper command pipelining after CONNECT from %s: %.*s", buf_c(&session->peer.namaddr),
		    VIEW_ARG(view_slice(stream_pending(session->stream), 0, 100)));
		reply(session, 554, "5.5.0", "Error: SMTP protocol synchronization");
		session->closing = true;
	} else if (!session->standalone && !access_connect(session->server->access, &facts, &session->verdict)) {
		refuse_at_connect(session);
	} else {
		reply(session, 220, NULL, "%s", session->config->banner);
	}
}

/* -- commands ---------------------------------------------------------------------------------------------------------------- */

static void
log_end(struct session *session, const char *what)
{
	struct view id = transaction_id(session);
	const struct transaction *tx = &session->transaction;
	struct buf line = BUF_INIT;

	if (!view_empty(id))
		buf_printf(&line, "%.*s: ", VIEW_ARG(id));
	buf_printf(&line, "%s after %s", what, session->where);
	if (tx->content)
		buf_printf(&line, " (%llu bytes)", (unsigned long long)tx->size);
	log_info("%s from %s", buf_c(&line), buf_c(&session->peer.namaddr));
	buf_fini(&line);
}

void
session_broken(struct session *session, enum stream_result result)
{
	session->closing = true;
	stream_set_timeout(session->stream, LAST_WORDS_MS);
	if (result == STREAM_TIMEOUT) {
		log_end(session, "timeout");
		reply(session, 421, "4.4.2", "%s Error: timeout exceeded", session->config->myhostname);
	} else {
		session->gone = true;
		log_end(session, "lost connection");
	}
}

static bool
too_many_errors(struct session *session)
{
	if (session->errors < session->config->hard_error_limit)
		return false;
	log_end(session, "too many errors");
	reply(session, 421, "4.7.0", "%s Error: too many errors", session->config->myhostname);
	return true;
}

/* The commands that were read up to here are answered; now the next. */
static enum stream_result
read_command(struct session *session, bool *bare_lf)
{
	msec_t limit = (msec_t)session->config->timeout_sec * 1000;

	stream_set_timeout(session->stream, limit);
	stream_set_deadline(session->stream, session->config->per_request_deadline ? clock_deadline(limit) : CLOCK_NEVER);
	return smtp_command_read(session->stream, (size_t)session->config->line_length_limit, &session->line, bare_lf);
}

static void
too_long(struct session *session, bool endless)
{
	session->where = "UNKNOWN";
	session->errors++;
	reply(session, 500, "5.5.2", "%s Error: command too long", session->config->myhostname);
	session->closing = session->closing || endless;
}

static void
take_command(struct session *session, bool bare_lf)
{
	session->bare_lf = session->bare_lf || bare_lf;
	if (bare_lf && session->server->bare_newline == BARE_NEWLINE_REJECT && !session->lenient_lf) {
		reply(session, session->config->forbid_bare_newline_reject_code, "5.5.2", "%s Error: bare <LF> received",
		    session->config->myhostname);
		session->errors++;
		return;
	}
	command_run(session, buf_view(&session->line));
}

static void
next_command(struct session *session)
{
	enum stream_result result;
	bool bare_lf;

	if (too_many_errors(session))
		return;
	result = read_command(session, &bare_lf);
	if (result == STREAM_OK)
		take_command(session, bare_lf);
	else if (result == STREAM_LONG || (result == STREAM_ERROR && errno == EMSGSIZE))
		too_long(session, result == STREAM_ERROR);
	else
		session_broken(session, result);
}

/* -- a whole session ----------------------------------------------------------------------------------------------------------- */

static void
begin(struct session *session, struct smtpd_server *server, struct stream *stream, bool standalone)
{
	const struct smtpd_config *config = server->config;

	memset(session, 0, sizeof(*session));
	session->server = server;
	session->config = config;
	session->stream = stream;
	session->standalone = standalone;
	session->where = "CONNECT";
	if (standalone)
		peer_init_local(&session->peer);
	else
		peer_init(&session->peer, stream_fd(stream), config->peername_lookup, config->client_port_logging);
	session->lenient_lf = match_list_host(server->bare_newline_exclusions, buf_view(&session->peer.name),
	    &session->peer.addr) == LOOKUP_FOUND;
	session->local_rewrite = standalone || server_is_local_client(server, &session->peer);
	session->keywords = ehlo_keywords_for(session);
}

static void
summarise(struct session *session)
{
	struct buf counts = BUF_INIT;

	command_summary(session, &counts);
	if (session->bare_lf && session->server->bare_newline != BARE_NEWLINE_NO)
		buf_puts(&counts, " notes=bare_lf");
	log_info("disconnect from %s%s", buf_c(&session->peer.namaddr), buf_c(&counts));
	buf_fini(&counts);
}

static void
end(struct session *session)
{
	transaction_end(session);
	cleanup_client_release(session->server->cleanup);
	if (!session->gone)
		stream_flush(session->stream);
	summarise(session);
	stream_free(session->stream);
	peer_fini(&session->peer);
	arena_fini(&session->transaction.arena);
	buf_fini(&session->helo);
	buf_fini(&session->line);
	buf_fini(&session->verdict.text);
}

void
session_run(struct smtpd_server *server, struct stream *stream, bool standalone)
{
	struct session session;

	begin(&session, server, stream, standalone);
	log_info("connect from %s", buf_c(&session.peer.namaddr));
	greet(&session);
	while (!session.closing)
		next_command(&session);
	end(&session);
}
