#include "smtp/session.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "global/maillog/maillog.h"
#include "smtp/auth.h"
#include "smtp/dialogue.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"

enum { REPLY_LINES_MAX = 500, PROBE_AFTER_MS = 1000 };

/* -- verdicts ---------------------------------------------------------------------------------------------------------- */

/* A reply as one line of text. */
static void
reply_line(struct buf *out, const struct smtp_reply *reply)
{
	for (size_t i = 0; i < reply->text.len; i++)
		buf_putc(out, reply->text.data[i] == '\n' ? ' ' : reply->text.data[i]);
}

void
session_verdict(struct session *session, const char *command, struct dsn *dsn)
{
	const struct smtp_reply *reply = &session->reply;
	struct buf line = BUF_INIT;
	char status[DSN_STATUS_SIZE];

	snprintf(status, sizeof(status), "%u.0.0", (unsigned)reply->code / 100 % 10);
	if (reply->dsn[0] != '\0')
		snprintf(status, sizeof(status), "%s", reply->dsn);
	reply_line(&line, reply);
	if (reply->code / 100 != 2)
		dialogue_refused(session);
	if (reply->code / 100 == 2)
		dsn_set(dsn, status, "%s", buf_c(&line));
	else
		dsn_set(dsn, status, "host %s said: %s (in reply to %s command)", buf_c(&session->peer), buf_c(&line), command);
	buf_set(&dsn->diag_type, VIEW("smtp"));
	buf_set(&dsn->diag_text, buf_view(&line));
	buf_set(&dsn->mta_type, VIEW("dns"));
	buf_set(&dsn->mta_name, buf_view(&session->host));
	buf_fini(&line);
}

static void
protocol_error(struct session *session, const char *doing, struct dsn *dsn)
{
	session->transcript.troubles |= TROUBLE_PROTOCOL;
	dsn_set(dsn, "4.5.0", "protocol error by %s while %s", buf_c(&session->peer), doing);
}

void
session_lost(struct session *session, enum stream_result result, const char *doing, struct dsn *dsn)
{
	session->broken = true;
	if (result == STREAM_TIMEOUT)
		dsn_set(dsn, "4.4.2", "conversation with %s timed out while %s", buf_c(&session->peer), doing);
	else if (result == STREAM_ERROR && errno == EPROTO)
		protocol_error(session, doing, dsn);
	else if (result == STREAM_ERROR && errno == ENODATA)
		dsn_set(dsn, "4.3.0", "local data error while talking to %s", buf_c(&session->peer));
	else
		dsn_set(dsn, "4.4.2", "lost connection with %s while %s", buf_c(&session->peer), doing);
}

bool
session_reply(struct session *session, int timeout_sec, const char *doing, struct dsn *dsn)
{
	enum stream_result result;

	stream_set_deadline(session->stream, clock_deadline((msec_t)timeout_sec * 1000));
	stream_flush(session->stream);		/* its failure is met again by the reader */
	result = smtp_reply_read(session->stream, (size_t)session->client->config->reply_line_limit, REPLY_LINES_MAX, &session->reply);
	stream_set_deadline(session->stream, CLOCK_NEVER);
	if (result != STREAM_OK) {
		session_lost(session, result, doing, dsn);
		return false;
	}
	dialogue_heard(session);
	if (session->reply.code == 421)		/* it will close: RFC 5321, 4.2.3 */
		session->broken = true;
	return true;
}

void
session_command(struct session *session, const char *format, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&line, format, ap);
	va_end(ap);
	dialogue_sent(session, session->in_login ? VIEW("(login)") : buf_view(&line));
	buf_puts(&line, "\r\n");
	stream_put(session->stream, buf_view(&line));
	buf_fini(&line);
}

/* -- connecting -------------------------------------------------------------------------------------------------------- */

static bool
parse_source(const char *text, int family, struct netaddr *out)
{
	return *text != '\0' && netaddr_parse(view_string(text), out) && out->family == family;
}

/* The address to speak from: as configured, or the one address we listen on when it is no loopback one. */
static bool
source_address(const struct smtp_config *config, int family, struct netaddr *out)
{
	const char *configured = family == AF_INET ? config->bind_address : config->bind_address6;
	struct view list = view_string(config->inet_interfaces), word, more;
	struct netblock loopback;

	if (parse_source(configured, family, out))
		return true;
	if (!view_word(&list, ", \t", &word) || view_word(&list, ", \t", &more) || !netaddr_parse(word, out) ||
	    out->family != family)
		return false;
	netblock_parse(family == AF_INET ? VIEW("127.0.0.0/8") : VIEW("::1/128"), &loopback, NULL);
	return !netblock_contains(&loopback, out);
}

static int
connect_inet(const struct smtp_config *config, const struct host *host, struct buf *why)
{
	msec_t deadline = clock_deadline((msec_t)config->connect_timeout_sec * 1000);
	struct netaddr to = host->addr, from;
	bool bound = source_address(config, to.family, &from);
	int fd;

	to.port = host->port;
	errno = 0;
	fd = inet_connect(&to, bound ? &from : NULL, deadline, why);
	if (fd == -1 && errno == EADDRNOTAVAIL && bound) {
		log_warn("%s", buf_c(why));
		if (!config->bind_address_enforce)
			fd = inet_connect(&to, NULL, deadline, why);
		else
			errno = EADDRNOTAVAIL;
	}
	if (fd == -1)
		why_set(why, "%s", errno == ETIMEDOUT ? "Connection timed out" : strerror(errno));
	return fd;
}

static void
name_peer(struct session *session, const struct destination *to, const struct host *host)
{
	if (to->is_unix)
		buf_puts(&session->address, to->name);
	else
		netaddr_put(&session->address, &host->addr);
	buf_puts(&session->host, to->is_unix ? session->client->config->myhostname : host->name);
	maillog_peer(&session->peer, buf_view(&session->host), buf_view(&session->address));
	buf_putv(&session->relay, buf_view(&session->peer));
	if (!to->is_unix)
		buf_printf(&session->relay, ":%u", (unsigned)host->port);
}

static bool
connect_session(struct session *session, const struct destination *to, const struct host *host, struct dsn *dsn)
{
	struct buf why = BUF_INIT;
	int fd;

	if (to->is_unix) {
		fd = unix_connect(to->name, clock_deadline((msec_t)session->client->config->connect_timeout_sec * 1000), &why);
		if (fd == -1)
			why_set(&why, "%s", strerror(errno));
	} else {
		fd = connect_inet(session->client->config, host, &why);
	}
	if (fd == -1) {
		dsn_set(dsn, "4.4.1", "connect to %s: %s", buf_c(&session->relay), buf_c(&why));
		log_info("%s", buf_c(&dsn->text));
	} else {
		session->stream = stream_new_socket(fd);
	}
	buf_fini(&why);
	return fd != -1;
}

/* -- greeting ---------------------------------------------------------------------------------------------------------- */

static const struct {
	struct view keyword;
	unsigned feature;
} keywords[] = {
	{ VIEW_INIT("PIPELINING"), FEATURE_PIPELINING },
	{ VIEW_INIT("8BITMIME"), FEATURE_8BITMIME },
	{ VIEW_INIT("SIZE"), FEATURE_SIZE },
	{ VIEW_INIT("DSN"), FEATURE_DSN },
	{ VIEW_INIT("SMTPUTF8"), FEATURE_SMTPUTF8 },
	{ VIEW_INIT("STARTTLS"), FEATURE_STARTTLS },
};

/* "XFORWARD" 1*( SP attribute ) */
static void
learn_xforward(struct session *session, struct view words)
{
	static const struct {
		const char *name;
		unsigned attribute;
	} known[] = {
		{ "NAME", XFORWARD_NAME }, { "ADDR", XFORWARD_ADDR }, { "PORT", XFORWARD_PORT }, { "PROTO", XFORWARD_PROTO },
		{ "HELO", XFORWARD_HELO }, { "IDENT", XFORWARD_IDENT }, { "SOURCE", XFORWARD_SOURCE },
	};
	struct view word;

	while (view_word(&words, " \t\r", &word))
		for (size_t i = 0; i < ARRAY_COUNT(known); i++)
			if (view_is_nocase(word, known[i].name))
				session->xforward |= known[i].attribute;
}

/* "AUTH" 1*( SP mechanism ), or, from old servers, "AUTH=" … */
static void
learn_mechanisms(struct session *session, struct view words)
{
	struct match_list *wanted = session->client->mechanisms;
	struct view word;

	session->features |= FEATURE_AUTH;
	while (view_word(&words, " \t\r", &word))
		if (wanted == NULL || match_list_string(wanted, word) == LOOKUP_FOUND)
			buf_printf(&session->mechanisms, "%s%.*s", session->mechanisms.len > 0 ? " " : "", VIEW_ARG(word));
}

static bool
listed(struct view list, struct view keyword)
{
	struct view word;

	while (view_word(&list, ", \t\r\n", &word))
		if (view_equal_nocase(word, keyword))
			return true;
	return false;
}

static void
learn_keyword(struct session *session, struct view line, struct view discarded)
{
	struct view keyword;

	line = view_slice(line, 4, line.len);
	if (!view_word(&line, " \t\r=", &keyword) || listed(discarded, keyword))
		return;
	for (size_t i = 0; i < ARRAY_COUNT(keywords); i++)
		if (view_equal_nocase(keywords[i].keyword, keyword))
			session->features |= keywords[i].feature;
	if (view_is_nocase(keyword, "SIZE") && !view_number(view_trim(line), &session->size_limit))
		session->size_limit = 0;
	if (view_is_nocase(keyword, "AUTH"))
		learn_mechanisms(session, line);
	if (view_is_nocase(keyword, "XFORWARD"))
		learn_xforward(session, line);
}

/* The keywords that we do not want to see from this server. False: the table could not be asked. */
static bool
discarded_keywords(const struct session *session, struct buf *out)
{
	enum lookup found = LOOKUP_NONE;

	if (session->client->discarded_keywords != NULL)
		found = maps_lookup(session->client->discarded_keywords, buf_view(&session->address), false, out, NULL);
	if (found == LOOKUP_NONE)
		buf_puts(out, session->client->config->discard_keywords);
	return found != LOOKUP_RETRY;
}

/* ehlo-ok-rsp: the first line greets, each other one names an extension (RFC 5321, 4.1.1.1) */
static void
learn_features(struct session *session, struct view discarded)
{
	struct view rest = buf_view(&session->reply.text), line;
	bool first = true;

	session->features = FEATURE_ESMTP;
	while (view_word(&rest, "\n", &line)) {
		if (!first)
			learn_keyword(session, line, discarded);
		first = false;
	}
}

static void
table_failed(struct session *session, const char *what, struct dsn *dsn)
{
	session->transcript.troubles |= TROUBLE_DATA;
	dsn_set(dsn, "4.3.0", "%s lookup error for host %s", what, buf_c(&session->peer));
}

static bool
learn(struct session *session, struct dsn *dsn)
{
	struct buf discarded = BUF_INIT;
	bool ok = discarded_keywords(session, &discarded);

	if (ok)
		learn_features(session, buf_view(&discarded));
	else
		table_failed(session, "keyword", dsn);
	buf_fini(&discarded);
	return ok;
}

static bool
greets_with_our_name(const struct session *session)
{
	struct view text = view_slice(buf_view(&session->reply.text), 4, session->reply.text.len), name;

	return view_word(&text, " \t\r\n", &name) && view_is_nocase(name, session->client->config->myhostname);
}

/* skip: another server may be kinder. */
static bool
refused(struct session *session, bool skip, struct dsn *dsn)
{
	session_verdict(session, "", dsn);
	if (session->reply.code / 100 != 4)
		dsn->status[0] = skip ? '4' : '5';
	dsn_set(dsn, dsn->status, "host %s refused to talk to me: %s", buf_c(&session->peer), buf_c(&dsn->diag_text));
	return false;
}

static bool
say_hello(struct session *session, bool extended, struct dsn *dsn)
{
	const char *verb = session->client->lmtp ? "LHLO" : extended ? "EHLO" : "HELO";
	struct buf doing = BUF_INIT;
	bool ok;

	buf_printf(&doing, "performing the %s handshake", verb);
	session_command(session, "%s %s", verb, session->client->config->helo_name);
	ok = session_reply(session, session->client->config->helo_timeout_sec, buf_c(&doing), dsn);
	buf_fini(&doing);
	return ok;
}

/* HELO, when EHLO is not wanted, or not understood. */
static bool
plain_hello(struct session *session, struct dsn *dsn)
{
	if (!say_hello(session, false, dsn))
		return false;
	session->features = 0;
	return session->reply.code / 100 == 2 || refused(session, false, dsn);
}

static bool
extended_hello(struct session *session, struct dsn *dsn)
{
	if (!say_hello(session, true, dsn))
		return false;
	if (session->reply.code / 100 == 2)
		return learn(session, dsn);
	if (session->client->lmtp || session->broken)
		return refused(session, false, dsn);
	return plain_hello(session, dsn);
}

static bool
handshake(struct session *session, bool plain, struct dsn *dsn)
{
	const struct smtp_config *config = session->client->config;
	bool extended = session->client->lmtp || (!plain && !config->never_ehlo && (config->always_ehlo ||
	    view_find_view(buf_view(&session->reply.text), VIEW("ESMTP")) >= 0));

	if (!(extended ? extended_hello : plain_hello)(session, dsn))
		return false;
	if (!session->client->lmtp && greets_with_our_name(session)) {
		dsn_set(dsn, "5.4.6", "host %s replied to HELO/EHLO with my own hostname %s", buf_c(&session->peer),
		    config->myhostname);
		return false;
	}
	return true;
}

/* -- PIX ---------------------------------------------------------------------------------------------------------------- */

/* Some firewalls overwrite the banner with asterisks, and break ESMTP and the end of data. */
static bool
is_masked(struct view banner)
{
	static const size_t asterisks_min = 5;
	size_t count = 0;

	for (size_t i = 4; i < banner.len; i++) {
		if (strchr("*02 ", banner.data[i]) == NULL || banner.data[i] == '\0')
			return false;
		count += banner.data[i] == '*';
	}
	return count >= asterisks_min;
}

static bool
is_old(const struct session *session, const struct delivery_request *request)
{
	return clock_wall().tv_sec - request->times.arrival.tv_sec >= session->client->config->pix_threshold_sec;
}

/* What has to be done about it, for mail that waits for long. False: the table could not be asked. */
static bool
workarounds(const struct session *session, const struct delivery_request *request, struct buf *out)
{
	enum lookup found = LOOKUP_NONE;

	if (!is_masked(buf_view(&session->reply.text)) || !is_old(session, request))
		return true;
	if (session->client->pix_workarounds != NULL)
		found = maps_lookup(session->client->pix_workarounds, buf_view(&session->address), false, out, NULL);
	if (found == LOOKUP_NONE)
		buf_puts(out, session->client->config->pix_workarounds);
	return found != LOOKUP_RETRY;
}

static void
log_workarounds(const struct session *session, const struct delivery_request *request, struct view list)
{
	struct buf shown = BUF_INIT;
	struct view word;

	while (view_word(&list, ", \t\r\n", &word))
		buf_printf(&shown, "%s%.*s", shown.len > 0 ? ", " : "", VIEW_ARG(word));
	if (shown.len > 0)
		log_info("%.*s: enabling PIX workarounds: %s for %s", VIEW_ARG(request->queue_id), buf_c(&shown),
		    buf_c(&session->relay));
	buf_fini(&shown);
}

static bool
greeting(struct session *session, const struct delivery_request *request, struct dsn *dsn)
{
	struct buf pix = BUF_INIT;
	bool ok;

	if (!session_reply(session, session->client->config->helo_timeout_sec, "receiving the initial server greeting", dsn))
		return false;
	if (session->reply.code / 100 != 2)
		return refused(session, session->client->config->skip_5xx_greeting, dsn);
	if ((ok = workarounds(session, request, &pix))) {
		log_workarounds(session, request, buf_view(&pix));
		session->delays_dot = listed(buf_view(&pix), VIEW("delay_dotcrlf"));
		ok = handshake(session, listed(buf_view(&pix), VIEW("disable_esmtp")), dsn);
	} else {
		table_failed(session, "PIX workaround", dsn);
	}
	buf_fini(&pix);
	return ok;
}

/* -- opening and closing ------------------------------------------------------------------------------------------------ */

void
session_free(struct session *session)
{
	dialogue_end(session);
	transcript_fini(&session->transcript);
	stream_free(session->stream);
	buf_fini(&session->address);
	buf_fini(&session->mechanisms);
	buf_fini(&session->peer);
	buf_fini(&session->relay);
	buf_fini(&session->host);
	buf_fini(&session->reply.text);
	mem_free(session);
}

/* Each line of a reply goes through smtp_reply_filter. */
static bool
filter_line(void *arg, struct buf *line)
{
	struct session *session = arg;
	struct buf changed = BUF_INIT;
	enum lookup found = maps_lookup(session->client->reply_filter, buf_view(line), false, &changed, NULL);

	if (found == LOOKUP_FOUND)
		buf_swap(line, &changed);
	buf_fini(&changed);
	return found != LOOKUP_RETRY;
}

struct session *
session_new(const struct client *client)
{
	struct session *session = mem_new(sizeof(*session));

	session->client = client;
	session->opened = clock_now();
	if (client->reply_filter != NULL) {
		session->reply.filter = filter_line;
		session->reply.filter_arg = session;
	}
	return session;
}

struct session *
session_open(const struct client *client, const struct delivery_request *request, const struct destination *to,
    const struct host *host, struct buf *relay, struct dsn *dsn)
{
	struct session *session = session_new(client);

	name_peer(session, to, host);
	if (!connect_session(session, to, host, dsn)) {
		session_free(session);
		return NULL;
	}
	buf_set(relay, buf_view(&session->relay));
	if (!greeting(session, request, dsn) || !auth_login(session, request, to->nexthop, dsn)) {
		session_close(session);
		return NULL;
	}
	return session;
}

void
session_close(struct session *session)
{
	struct dsn ignored;

	if (!session->broken) {
		dsn_init(&ignored);
		session_command(session, "QUIT");
		stream_set_deadline(session->stream, clock_deadline((msec_t)session->client->config->quit_timeout_sec * 1000));
		if (stream_flush(session->stream) == STREAM_OK && !session->client->config->skip_quit_response)
			session_reply(session, session->client->config->quit_timeout_sec, "sending QUIT", &ignored);
		dsn_fini(&ignored);
	}
	session_free(session);
}

bool
session_alive(struct session *session)
{
	struct dsn ignored;
	bool alive;

	if (session->broken || stream_readable(session->stream)) {	/* it closed, or says 421 */
		session->broken = true;
		return false;
	}
	if (clock_now() - session->idle_since < PROBE_AFTER_MS && (session->features & FEATURE_PIPELINING)) {
		session->unproven = true;
		return true;
	}
	dsn_init(&ignored);
	session_command(session, "RSET");
	alive = session_reply(session, session->client->config->rset_timeout_sec, "sending RSET", &ignored) &&
	    session->reply.code / 100 == 2;
	session->broken = !alive;
	dsn_fini(&ignored);
	return alive;
}
