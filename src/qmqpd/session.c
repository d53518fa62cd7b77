#include <sys/socket.h>
#include <unistd.h>

#include "global/maillog/maillog.h"
#include "global/message/date.h"
#include "global/smtp/content.h"
#include "global/smtp/peer.h"
#include "global/smtp/qmqp.h"
#include "qmqpd/qmqpd.h"
#include "util/log/log.h"
#include "util/net/stream.h"

enum { PIECE_MAX = 64 * 1024, ADDRESS_MIN_LIMIT = 512, LINGER_MS = 2000 };

enum answer { ANSWER_OK = 'K', ANSWER_LATER = 'Z', ANSWER_NEVER = 'D' };

struct session {
	const struct qmqpd *server;
	const struct qmqpd_config *config;
	struct stream *stream;
	struct peer peer;
	struct qmqp_request request;
	const char *stage;		/* for the log: what we were doing */
	struct buf message;		/* the envelope comes behind it, and must be known first */
	bool too_big, open, first_line_seen;
	struct buf sender, recipient;	/* the first recipient */
	uint64_t recipients;
	struct buf refusal;		/* why there will be no message; "": none so far */
	enum answer answer;		/* to go with it */
};

/* -- answers ----------------------------------------------------------------------------------------------------- */

/* The first reason counts. */
static void __attribute__((format(printf, 3, 4)))
refuse(struct session *session, enum answer answer, const char *format, ...)
{
	va_list ap;

	if (session->refusal.len > 0)
		return;
	session->answer = answer == ANSWER_NEVER && session->config->soft_bounce ? ANSWER_LATER : answer;
	va_start(ap, format);
	buf_vprintf(&session->refusal, format, ap);
	va_end(ap);
}

static void
answer(struct session *session, enum answer code, struct view text)
{
	struct buf body = BUF_INIT, out = BUF_INIT;

	buf_putc(&body, (char)code);
	buf_putv(&body, text);
	netstring_put(&out, buf_view(&body));
	stream_put(session->stream, buf_view(&out));
	stream_flush(session->stream);
	buf_fini(&body);
	buf_fini(&out);
}

/* A client that still talks when we close would never see the answer: the system resets the connection. */
static void
linger(struct session *session)
{
	shutdown(stream_fd(session->stream), SHUT_WR);
	stream_set_deadline(session->stream, clock_deadline(LINGER_MS));
	while (stream_fill(session->stream) == STREAM_OK)
		stream_drop_pending(session->stream);
}

/* Clients that are told no are slowed down. */
static void
say_no(struct session *session)
{
	log_info("reject: %s from %s: %s", session->stage, buf_c(&session->peer.namaddr), buf_c(&session->refusal));
	if (session->config->error_delay_sec > 0)
		sleep((unsigned)session->config->error_delay_sec);
	answer(session, session->answer, buf_view(&session->refusal));
	linger(session);
}

/* -- envelope (doc/queue-file.md, section 6) --------------------------------------------------------------------- */

static void
put_attribute(struct session *session, const char *name, const struct buf *value)
{
	cleanup_printf(session->server->cleanup, RECORD_ATTRIBUTE, "%s=%s", name, buf_c(value));
}

static void
put_client(struct session *session)
{
	struct cleanup_client *to = session->server->cleanup;
	const struct peer *peer = &session->peer;

	put_attribute(session, "log_client_name", &peer->name);
	put_attribute(session, "log_client_address", &peer->rfc_address);
	cleanup_printf(to, RECORD_ATTRIBUTE, "log_client_port=%u", (unsigned)peer->addr.port);
	put_attribute(session, "log_message_origin", &peer->namaddr);
	cleanup_put(to, RECORD_ATTRIBUTE, VIEW("log_protocol_name=QMQP"));
	put_attribute(session, "client_name", &peer->name);
	put_attribute(session, "reverse_client_name", &peer->reverse_name);
	put_attribute(session, "client_address", &peer->address);
	cleanup_printf(to, RECORD_ATTRIBUTE, "client_port=%u", (unsigned)peer->addr.port);
	cleanup_put(to, RECORD_ATTRIBUTE, VIEW("protocol_name=QMQP"));
	cleanup_printf(to, RECORD_ATTRIBUTE, "client_address_type=%d", peer->addr.family);
}

static void
put_envelope(struct session *session, struct view sender, struct view verp)
{
	struct cleanup_client *to = session->server->cleanup;
	struct timeval now = clock_wall();

	cleanup_printf(to, RECORD_TIME, "%lld %lld", (long long)now.tv_sec, (long long)now.tv_usec);
	if (session->config->content_filter[0] != '\0')
		cleanup_put(to, RECORD_FILTER, view_string(session->config->content_filter));
	cleanup_put(to, RECORD_ATTRIBUTE, VIEW("rewrite_context=local"));
	cleanup_put(to, RECORD_SENDER, sender);
	put_client(session);
	if (!view_empty(verp))
		cleanup_put(to, RECORD_VERP, verp);
}

/*
 * verp-sender = prefix delimiter "@" origin "-@[]": a return path of its own for each recipient, who is named between
 * prefix and origin. The second delimiter is always "=". False: the sender is no such thing.
 */
static bool
split_verp(struct view text, struct buf *sender, char verp[2])
{
	struct view prefix, origin;

	if (!view_ends(text, VIEW("-@[]")) || !view_rsplit(view_slice(text, 0, text.len - 4), '@', &prefix, &origin)
	    || prefix.len < 2 || view_empty(origin))
		return false;
	verp[0] = prefix.data[prefix.len - 1];
	verp[1] = '=';
	buf_printf(sender, "%.*s@%.*s", (int)prefix.len - 1, prefix.data, VIEW_ARG(origin));
	return true;
}

static bool
verp_allowed(const struct session *session, const char verp[2])
{
	const char *filter = session->config->verp_filter;

	return strchr(filter, verp[0]) != NULL && strchr(filter, verp[1]) != NULL;
}

static void
open_cleanup(struct session *session, struct view sender, struct view verp)
{
	struct buf why = BUF_INIT;

	session->open = cleanup_open(session->server->cleanup, session->server->cleanup_flags, &why);
	if (session->open) {
		put_envelope(session, sender, verp);
	} else {
		log_warn("cleanup service is not available: %s", buf_c(&why));
		refuse(session, ANSWER_LATER, "Error: queue file write error");
	}
	buf_fini(&why);
}

static void
take_sender(struct view text, void *arg)
{
	struct session *session = arg;
	char verp[2];
	bool wants_verp = split_verp(text, &session->sender, verp);

	session->stage = "receiving recipients";
	if (!wants_verp)
		buf_set(&session->sender, text);
	if (session->too_big)
		refuse(session, ANSWER_NEVER, "netstring length exceeds storage limit while receiving message content");
	else if (wants_verp && !verp_allowed(session, verp))
		refuse(session, ANSWER_NEVER, "Error: Invalid VERP delimiters: \"%.2s\". Need two characters from \"%s\"",
		    verp, session->config->verp_filter);
	else
		open_cleanup(session, buf_view(&session->sender), wants_verp ? view_bytes(verp, 2) : VIEW_EMPTY);
}

static void
take_recipient(struct view text, void *arg)
{
	struct session *session = arg;

	if (view_find_any(text, "\r\n") >= 0)
		refuse(session, ANSWER_NEVER, "Error: line end in a recipient address");
	if (session->recipients++ == 0)
		buf_set(&session->recipient, text);
	if (session->open && session->refusal.len == 0)
		cleanup_put(session->server->cleanup, RECORD_RECIPIENT, text);
}

/* -- content ------------------------------------------------------------------------------------------------------ */

static void
take_message(struct view piece, void *arg)
{
	struct session *session = arg;
	long long limit = session->config->size_limit;

	session->too_big = session->too_big
	    || (limit > 0 && session->message.len + piece.len > (unsigned long long)limit);
	if (!session->too_big)
		buf_putv(&session->message, piece);
	else
		buf_fini(&session->message);
}

static void
put_received(struct session *session, struct view id)
{
	struct cleanup_client *to = session->server->cleanup;
	struct buf date = BUF_INIT, recipient = BUF_INIT;

	date_put(&date, clock_wall().tv_sec);
	maillog_address(&recipient, buf_view(&session->recipient));
	cleanup_printf(to, RECORD_LINE, "Received: from %s (%s [%s])", buf_c(&session->peer.name),
	    buf_c(&session->peer.name), buf_c(&session->peer.rfc_address));
	cleanup_printf(to, RECORD_LINE, "\tby %s (%s) with QMQP id %.*s%s", session->config->hostname,
	    session->config->mail_name, VIEW_ARG(id), session->recipients == 1 ? "" : ";");
	if (session->recipients == 1)
		cleanup_printf(to, RECORD_LINE, "\tfor %s; %s", buf_c(&recipient), buf_c(&date));
	else
		cleanup_printf(to, RECORD_LINE, "\t%s", buf_c(&date));
	buf_fini(&date);
	buf_fini(&recipient);
}

/* Content that begins with a blank does not go on with our Received: header. */
static void
put_line(struct view text, bool complete, void *arg)
{
	struct session *session = arg;
	struct cleanup_client *to = session->server->cleanup;

	if (!session->first_line_seen && text.len > 0 && char_is(text.data[0], CHAR_BLANK))
		cleanup_put(to, RECORD_LINE, VIEW_EMPTY);
	session->first_line_seen = true;
	cleanup_put(to, complete ? RECORD_LINE : RECORD_LONG, text);
}

static void
put_message(struct session *session)
{
	struct smtp_content lines = { .line_limit = (size_t)session->config->line_length_max, .line = put_line, .arg = session };

	smtp_content_feed(&lines, buf_view(&session->message));
	smtp_content_finish(&lines);
	smtp_content_fini(&lines);
	cleanup_put(session->server->cleanup, RECORD_EXTRACTED, VIEW_EMPTY);
	cleanup_put(session->server->cleanup, RECORD_END, VIEW_EMPTY);
}

/* -- the end ------------------------------------------------------------------------------------------------------ */

static void
finish(struct session *session, struct view id)
{
	struct buf reason = BUF_INIT, text = BUF_INIT;
	const struct cleanup_reply_row *row;
	unsigned status;

	buf_printf(&text, "Ok: queued as %.*s", VIEW_ARG(id));
	status = cleanup_finish(session->server->cleanup, &reason);
	session->open = false;
	row = cleanup_reply(status);
	if (status == CLEANUP_OK)
		answer(session, ANSWER_OK, buf_view(&text));
	else
		refuse(session, row->smtp_code / 100 == 4 ? ANSWER_LATER : ANSWER_NEVER, "%s",
		    reason.len > 0 ? buf_c(&reason) : row->text);
	buf_fini(&reason);
	buf_fini(&text);
}

static void
hand_over(struct session *session)
{
	struct cleanup_client *to = session->server->cleanup;
	struct maillog_client line = { .namaddr = buf_view(&session->peer.namaddr) };
	struct buf id = BUF_INIT;

	session->stage = "queueing";
	cleanup_put(to, RECORD_CONTENT, VIEW_EMPTY);
	buf_set(&id, cleanup_id(to));
	if (id.len > 0) {
		line.queue_id = buf_view(&id);
		maillog_client(&line);
		put_received(session, buf_view(&id));
	}
	put_message(session);
	finish(session, buf_view(&id));
	buf_fini(&id);
}

static void
request_ended(struct session *session)
{
	if (session->recipients == 0)
		refuse(session, ANSWER_NEVER, "Error: no recipients specified");
	if (session->refusal.len == 0)
		hand_over(session);
	if (session->refusal.len > 0)
		say_no(session);
}

/* -- one connection ----------------------------------------------------------------------------------------------- */

static enum qmqp_result
read_request(struct session *session, enum stream_result *read)
{
	enum qmqp_result result = QMQP_MORE;
	struct view piece;

	while (result == QMQP_MORE && (*read = stream_fill(session->stream)) == STREAM_OK) {
		piece = view_slice(stream_pending(session->stream), 0, PIECE_MAX);
		result = qmqp_feed(&session->request, piece);
		stream_take(session->stream, piece.len);
	}
	return result;
}

static void
serve(struct session *session)
{
	enum stream_result read = STREAM_OK;

	session->stage = "receiving message";
	switch (read_request(session, &read)) {
	case QMQP_DONE:
		request_ended(session);
		break;
	case QMQP_MALFORMED:
		refuse(session, ANSWER_NEVER, "netstring %s while receiving %s",
		    session->request.too_long ? "length exceeds storage limit" : "format error", qmqp_part(&session->request));
		say_no(session);
		break;
	case QMQP_MORE:
		log_info("%s while %s from %s", read == STREAM_TIMEOUT ? "timeout" : "lost connection", session->stage,
		    buf_c(&session->peer.namaddr));
		break;
	}
	if (session->open)
		cleanup_abort(session->server->cleanup);
}

static void
check_client(struct session *session)
{
	switch (match_list_host(session->server->clients, buf_view(&session->peer.name), &session->peer.addr)) {
	case LOOKUP_FOUND:
		serve(session);
		return;
	case LOOKUP_NONE:
		refuse(session, ANSWER_NEVER, "Error: %s is not authorized to use this service",
		    buf_c(&session->peer.namaddr));
		break;
	case LOOKUP_RETRY:
		log_warn("qmqpd_authorized_clients: lookup error for %s", buf_c(&session->peer.namaddr));
		refuse(session, ANSWER_LATER, "Error: server configuration error");
		break;
	}
	session->stage = "CONNECT";
	say_no(session);
}

static void
release(struct session *session)
{
	stream_free(session->stream);
	qmqp_request_fini(&session->request);
	peer_fini(&session->peer);
	buf_fini(&session->message);
	buf_fini(&session->sender);
	buf_fini(&session->recipient);
	buf_fini(&session->refusal);
}

static size_t
address_limit(const struct qmqpd_config *config)
{
	return config->line_length_max > ADDRESS_MIN_LIMIT ? (size_t)config->line_length_max : ADDRESS_MIN_LIMIT;
}

void
qmqpd_session(const struct qmqpd *server, int fd)
{
	struct session session = {
		.server = server, .config = server->config, .stream = stream_new_socket(fd),
		.request = { .address_max = address_limit(server->config), .message = take_message, .sender = take_sender,
		    .recipient = take_recipient },
	};
	int verbose;

	session.request.arg = &session;
	stream_set_timeout(session.stream, (msec_t)server->config->timeout_sec * 1000);
	peer_init(&session.peer, fd, server->config->show_port);
	peer_look_up(&session.peer);
	verbose = debug_peers_begin(server->debug_peers, buf_view(&session.peer.name), &session.peer.addr);
	log_info("connect from %s", buf_c(&session.peer.namaddr));
	check_client(&session);
	log_info("disconnect from %s", buf_c(&session.peer.namaddr));
	log_set_verbose(verbose);
	release(&session);
}
