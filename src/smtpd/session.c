#include "smtpd/session.h"

#include <errno.h>

#include "smtpd/command.h"
#include "smtpd/ehlo.h"
#include "smtpd/limits.h"
#include "smtpd/proxy.h"
#include "smtpd/reply.h"
#include "util/log/log.h"
#include "util/net/proxy_header.h"

enum { REST_MS = 1000 };
enum { LAST_WORDS_MS = 5000 };		/* to say goodbye to a client that is slow or gone */

static const char *const state_names[] = {
	[STATE_READY] = "ready",
	[STATE_MAIL] = "mail",
	[STATE_REFUSED] = "refused",
	[STATE_RCPT] = "rcpt",
	[STATE_BDAT] = "bdat",
	[STATE_SWALLOW] = "swallow",
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

struct maillog_login
session_login(const struct session *session)
{
	return (struct maillog_login){ buf_view(&session->login_method), buf_view(&session->login_name), VIEW_EMPTY };
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
		.recipient = tx->first_recipient, .has_recipient = tx->accepted == 1,
		.login = session_login(session), .size = tx->content ? tx->size : tx->params.size,
		.instance = &session->instance,
		.pipelined = session->pipelined, .filtered = proxy_wanted(session), .recipient_count = tx->accepted,
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

static bool
spoke_first(struct session *session)
{
	if (!session->config->forbid_unauth_pipelining || session->standalone || !stream_readable(session->stream)
	    || stream_pending(session->stream).len == 0)
		return false;
	session->pipelined = true;
	log_info("improper command pipelining after CONNECT from %s: %.*s", buf_c(&session->peer.namaddr),
	    VIEW_ARG(view_slice(stream_pending(session->stream), 0, 100)));
	return true;
}

static bool
may_connect(struct session *session)
{
	struct access_facts facts;

	session_facts(session, &facts);
	facts.actions = NULL;
	return session->standalone || access_connect(session->server->access, &facts, &session->verdict);
}

void
session_greet(struct session *session)
{
	session->where = "CONNECT";
	if (!limits_connect(session)) {
		reply(session, 421, "4.7.0", "%s Error: too many connections from %s", session->config->myhostname,
		    buf_c(&session->peer.address));
	} else if (spoke_first(session)) {
		reply(session, 554, "5.5.0", "Error: SMTP protocol synchronization");
		session->closing = true;
	} else if (!may_connect(session)) {
		refuse_at_connect(session);
	} else {
		reply(session, 220, NULL, "%s", session->config->banner);
	}
}

/* -- commands ---------------------------------------------------------------------------------------------------------------- */

static void
log_end(struct session *session, const char *what)
{
	const struct transaction *tx = &session->transaction;
	struct view name = transaction_log_name(session);
	struct buf line = BUF_INIT;

	buf_printf(&line, "%.*s: %s after %s", VIEW_ARG(name), what, session->where);
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

/* Sessions that rest between two messages leave cleanup to others. */
static void
wait_a_moment(struct session *session)
{
	struct receiver *receiver = session->server->receiver;

	if (session->transaction.open || !receiver_rests(receiver))
		return;
	stream_set_timeout(session->stream, REST_MS);
	if (stream_fill(session->stream) == STREAM_TIMEOUT)
		receiver_release(receiver);
}

/* The commands that were read up to here are answered; now the next. */
static enum stream_result
read_command(struct session *session, bool *bare_lf)
{
	msec_t limit = (msec_t)session->config->timeout_sec * 1000;

	stream_set_deadline(session->stream, session->config->per_request_deadline ? clock_deadline(limit) : CLOCK_NEVER);
	wait_a_moment(session);
	stream_set_timeout(session->stream, limit);
	return smtp_command_read(session->stream, (size_t)session->config->line_length_limit, &session->line, bare_lf);
}

static void
too_long(struct session *session, bool endless)
{
	log_warn("%s: request longer than %d: %.30s...", buf_c(&session->peer.namaddr), session->config->line_length_limit,
	    buf_c(&session->line));
	session->where = "UNKNOWN";
	session->errors++;
	reply(session, 500, "5.5.2", "%s Error: command too long", session->config->myhostname);
	session->closing = session->closing || endless;
}

/* As the access rules log their verdicts. */
void
session_log_reject(struct session *session, const char *text)
{
	struct access_facts facts;
	struct maillog_smtp_event line;

	session_facts(session, &facts);
	line = (struct maillog_smtp_event){
		.queue_id = transaction_id(session), .action = "reject", .stage = session->where,
		.namaddr = buf_view(&session->peer.namaddr), .text = view_string(text),
		.has_sender = facts.has_sender, .sender = facts.sender, .has_recipient = facts.has_recipient,
		.recipient = facts.recipient, .has_helo = facts.has_helo, .helo = facts.helo, .protocol = facts.protocol,
		.login = facts.login,
	};
	maillog_smtp_event(&line);
}

/* Not what a client would prove itself with. */
static void
note_command(struct session *session)
{
	struct view shown = buf_view(&session->line), rest = shown, verb, mechanism;
	bool secret = view_word(&rest, " \t", &verb) && view_is_nocase(verb, "AUTH") && view_word(&rest, " \t", &mechanism);

	if (secret)
		shown = view_slice(shown, 0, (size_t)(mechanism.data + mechanism.len - session->line.data));
	log_debug(1, "< %s: %.*s", buf_c(&session->peer.namaddr), VIEW_ARG(shown));
	transcript_in(&session->transcript, shown);
}

static void
tell_postmaster(struct session *session)
{
	struct buf what = BUF_INIT;

	if (session->standalone)
		return;
	buf_printf(&what, "SMTP server: errors from %s", buf_c(&session->peer.namaddr));
	transcript_send(&session->transcript, &session->server->notices, buf_c(&what));
	buf_fini(&what);
}

void
session_flush_history(struct session *session)
{
	if (session->transcript.lines <= (unsigned)session->config->history_threshold)
		return;
	tell_postmaster(session);
	transcript_reset(&session->transcript);
}

static void
take_command(struct session *session, bool bare_lf)
{
	note_command(session);
	session->bare_lf = session->bare_lf || bare_lf;
	if (bare_lf && session->server->bare_newline == BARE_NEWLINE_REJECT && !session->lenient_lf) {
		session_log_reject(session, "bare <LF> received");
		reply(session, session->config->forbid_bare_newline_reject_code, "5.5.2", "%s Error: bare <LF> received",
		    session->config->myhostname);
		session->closing = true;		/* whatever this was meant to be, and what follows */
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

void
session_leave_client(struct session *session)
{
	limits_disconnect(session);
	transaction_end(session);
}

/* False: nobody can say. */
static bool
look_up_right(const struct session *session, struct match_list *list, bool *member)
{
	enum lookup found = match_list_host(list, buf_view(&session->peer.name), &session->peer.addr);

	*member = found == LOOKUP_FOUND;
	return found != LOOKUP_RETRY;
}

static void
look_up_rewriting(struct session *session)
{
	const struct smtpd_server *server = session->server;
	enum lookup local = LOOKUP_FOUND;

	if (!session->standalone && !(server->rewrite_logins && session->login_name.len > 0))
		local = server_is_local_client(server, &session->peer);
	session->local_rewrite = local == LOOKUP_FOUND;
	session->rewrite_known = local != LOOKUP_RETRY;
}

/* All that depends on who the client is. */
void
session_new_client(struct session *session)
{
	const struct smtpd_server *server = session->server;

	session->rights_known = look_up_right(session, server->xclient_hosts, &session->may_xclient) && session->forward_known;
	/* These two are mynetworks by default, whose failure the restrictions know how to tell; "no" is harmless here. */
	look_up_right(session, server->bare_newline_exclusions, &session->lenient_lf);
	look_up_right(session, server->verp_clients, &session->may_verp);
	look_up_rewriting(session);
	if (!ehlo_keywords_for(session, &session->keywords))
		session->rights_known = false;
	session->errors = session->junk = 0;
	session->denied = false;
}

/* What a proxy in front of us says comes before everything else. */
static bool
read_proxy_header(struct session *session)
{
	struct proxy_header header;
	struct buf why = BUF_INIT;
	bool good = proxy_header_read(session->stream, (msec_t)session->config->upstream_proxy_timeout_sec * 1000, &header, &why);

	if (!good) {
		log_warn("%s: no good haproxy header: %s", buf_c(&session->peer.namaddr), buf_c(&why));
	} else if (header.proxied) {
		session->peer.server = header.server;
		peer_set_address(&session->peer, &header.client);
	}
	buf_fini(&why);
	return good;
}

static bool
know_peer(struct session *session)
{
	const struct smtpd_config *config = session->config;

	if (session->server->on_stdin) {
		peer_init_local(&session->peer);
		return true;
	}
	peer_init(&session->peer, stream_fd(session->stream), config->client_port_logging);
	if (config->upstream_proxy_protocol[0] != '\0' && !read_proxy_header(session))
		return reply(session, 421, "4.3.0", "%s Server local error", config->myhostname);
	if (config->peername_lookup)
		peer_look_up(&session->peer);
	return true;
}

static bool
begin(struct session *session, struct smtpd_server *server, struct stream *stream, bool standalone)
{
	memset(session, 0, sizeof(*session));
	session->server = server;
	session->config = server->config;
	session->stream = stream;
	session->standalone = standalone;
	session->where = "CONNECT";
	session->keywords = ~0U;
	if (!know_peer(session))
		return false;
	/* This is about whoever really connected: XCLIENT changes nothing. */
	session->forward_known = look_up_right(session, server->xforward_hosts, &session->may_xforward);
	session_new_client(session);
	return true;
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
release(struct session *session)
{
	struct buf *const texts[] = {
		&session->helo, &session->line, &session->verdict.text, &session->login_name, &session->login_method,
		&session->instance,
	};

	stream_free(session->stream);
	peer_fini(&session->peer);
	origin_fini(&session->origin);
	arena_fini(&session->transaction.arena);
	transcript_fini(&session->transcript);
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		buf_fini(texts[i]);
}

/* At once behind the last words: what the client says meanwhile would turn the end of the connection into a reset. */
static void
hang_up(struct session *session)
{
	if (!session->gone)
		stream_flush(session->stream);
	stream_free(session->stream);
	session->stream = NULL;
}

static void
serve(struct session *session)
{
	log_info("connect from %s", buf_c(&session->peer.namaddr));
	session_greet(session);
	while (!session->closing)
		next_command(session);
	hang_up(session);
	transaction_end(session);
	receiver_release(session->server->receiver);
	limits_disconnect(session);
	tell_postmaster(session);
	summarise(session);
}

void
session_run(struct smtpd_server *server, struct stream *stream, bool standalone)
{
	struct session session;
	int verbose = log_verbose();

	if (begin(&session, server, stream, standalone)) {
		debug_peers_begin(server->debug_peers, buf_view(&session.peer.name), &session.peer.addr);
		serve(&session);
	} else {
		hang_up(&session);
	}
	log_set_verbose(verbose);
	release(&session);
}
