#include "smtpd/proxy.h"

#include <errno.h>
#include <unistd.h>

#include "global/maillog/maillog.h"
#include "global/smtp/reply.h"
#include "smtpd/reply.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/net/endpoint.h"
#include "util/text/chars.h"
#include "util/text/encode.h"

enum { REPLY_LINE_MAX = 2048, REPLY_LINES_MAX = 500, ADDRESSES_MAX = 20, COMMAND_MAX = 512, BLOCK = 16384 };

struct command_line {
	struct command_line *next;
	struct view text;
};

struct proxy {
	struct stream *stream;
	struct smtp_reply reply;
	struct buf xforward;		/* names that the filter takes, each between blanks */
	/* speed_adjust */
	struct command_line *commands;	/* RCPT lines */
	int spool;			/* the server's, or -1 */
	uint64_t spooled;		/* bytes of it that are ours */
	struct buf block;
	bool failed;
	bool in_content;		/* a command would be read as part of the message */
	bool in_line;			/* what comes next does not begin a line */
};

bool
proxy_wanted(const struct session *session)
{
	return session->config->proxy_filter[0] != '\0' && !session->standalone;
}

static struct proxy *
proxy_of(struct session *session)
{
	struct transaction *tx = &session->transaction;

	if (tx->proxy == NULL) {
		tx->proxy = mem_new(sizeof(*tx->proxy));
		tx->proxy->spool = -1;
	}
	return tx->proxy;
}

void
proxy_close(struct session *session)
{
	struct proxy *proxy = session->transaction.proxy;

	if (proxy == NULL)
		return;
	if (proxy->stream != NULL && !proxy->failed && !proxy->in_content) {
		stream_puts(proxy->stream, "QUIT\r\n");
		stream_flush(proxy->stream);
	}
	stream_free(proxy->stream);
	buf_fini(&proxy->reply.text);
	buf_fini(&proxy->xforward);
	buf_fini(&proxy->block);
	mem_free(proxy);
	session->transaction.proxy = NULL;
}

/* -- the connection ------------------------------------------------------------------------------------------------------------ */

static int
connect_inet(struct view where, msec_t deadline, struct buf *why)
{
	struct netaddr addresses[ADDRESSES_MAX];
	struct view host = VIEW("127.0.0.1"), port = where;
	struct buf name = BUF_INIT, service = BUF_INIT;
	size_t count;
	int fd = -1;

	view_rsplit(where, ':', &host, &port);
	if (host.len > 2 && host.data[0] == '[')
		host = view_slice(host, 1, host.len - 1);
	buf_putv(&name, host);
	buf_putv(&service, port);
	count = inet_resolve(buf_c(&name), buf_c(&service), AF_UNSPEC, addresses, ADDRESSES_MAX, why);
	for (size_t i = 0; i < count && fd == -1; i++)
		fd = inet_connect(&addresses[i], NULL, deadline, NULL);
	if (fd == -1 && count > 0)
		why_set(why, "%s", strerror(errno));
	buf_fini(&name);
	buf_fini(&service);
	return fd;
}

static bool
connect_filter(struct session *session, struct proxy *proxy)
{
	const char *filter = session->config->proxy_filter;
	struct view where = view_string(filter), prefix = VIEW("unix:"), inet = VIEW("inet:");
	msec_t limit = (msec_t)session->config->proxy_timeout_sec * 1000;
	struct buf why = BUF_INIT;
	int fd;

	if (view_starts(where, prefix))
		fd = unix_connect(filter + prefix.len, clock_deadline(limit), &why);
	else
		fd = connect_inet(view_starts(where, inet) ? view_slice(where, inet.len, where.len) : where, clock_deadline(limit), &why);
	if (fd == -1)
		log_warn("connect to proxy filter %s: %s", filter, buf_c(&why));
	else
		proxy->stream = stream_new_socket(fd);
	buf_fini(&why);
	if (fd != -1)
		stream_set_timeout(proxy->stream, limit);
	return fd != -1;
}

/* False: no reply came. */
static bool
read_reply(struct session *session, struct proxy *proxy, const char *command)
{
	stream_flush(proxy->stream);
	if (smtp_reply_read(proxy->stream, REPLY_LINE_MAX, REPLY_LINES_MAX, &proxy->reply) == STREAM_OK)
		return true;
	log_warn("lost connection with proxy filter %s while sending %s", session->config->proxy_filter, command);
	return !(proxy->failed = true);
}

static bool
exchange(struct session *session, struct proxy *proxy, struct view line, int expected)
{
	stream_put(proxy->stream, line);
	stream_puts(proxy->stream, "\r\n");
	if (!read_reply(session, proxy, "a command"))
		return false;
	if (proxy->reply.code / 100 == expected)
		return true;
	log_warn("proxy %s rejected \"%.*s\": \"%s\"", session->config->proxy_filter, VIEW_ARG(line), buf_c(&proxy->reply.text));
	return false;
}

/* -- XFORWARD ------------------------------------------------------------------------------------------------------------------ */

/* Of the EHLO reply: "250-XFORWARD NAME ADDR …" */
static void
learn_names(struct proxy *proxy)
{
	struct view rest = buf_view(&proxy->reply.text), line;
	struct view keyword = VIEW("XFORWARD ");

	while (view_word(&rest, "\n", &line)) {
		line = view_slice(line, 4, line.len);
		if (view_starts_nocase(line, keyword))
			buf_printf(&proxy->xforward, " %.*s ", VIEW_ARG(view_slice(line, keyword.len, line.len)));
	}
}

static bool
takes(const struct proxy *proxy, const char *name)
{
	struct view rest = buf_view(&proxy->xforward), word;

	while (view_word(&rest, " ", &word)) {
		if (view_is_nocase(word, name))
			return true;
	}
	return false;
}

static struct view
known(const struct buf *text)
{
	return view_is(buf_view(text), "unknown") ? VIEW_EMPTY : buf_view(text);
}

static bool
send_xforward(struct session *session, struct proxy *proxy)
{
	const struct origin *origin = &session->origin;
	const struct peer *peer = &session->peer;
	struct buf port = BUF_INIT, line = BUF_INIT, text = BUF_INIT;
	bool given = origin->given, good = true;
	const struct {
		const char *name;
		struct view value;
	} attributes[] = {
		{ "NAME", given ? known(&origin->name) : known(&peer->name) },
		{ "ADDR", given ? buf_view(&origin->rfc_address) : known(&peer->rfc_address) },
		{ "PORT", given ? buf_view(&origin->port) : (buf_putu(&port, peer->addr.port), buf_view(&port)) },
		{ "HELO", given ? buf_view(&origin->helo) : buf_view(&session->helo) },
		{ "IDENT", buf_view(&origin->ident) },
		{ "PROTO", given ? buf_view(&origin->protocol) : view_string(session_protocol(session)) },
		{ "SOURCE", session->local_rewrite ? VIEW("LOCAL") : VIEW("REMOTE") },
	};

	for (size_t i = 0; i < ARRAY_COUNT(attributes) && good; i++) {
		if (!takes(proxy, attributes[i].name))
			continue;
		buf_reset(&text);
		buf_printf(&text, " %s=", attributes[i].name);
		xtext_encode(&text, view_empty(attributes[i].value) ? VIEW("[UNAVAILABLE]") : attributes[i].value, "");
		if (line.len > 0 && line.len + text.len > COMMAND_MAX - 2) {
			good = exchange(session, proxy, buf_view(&line), 2);
			buf_reset(&line);
		}
		if (line.len == 0)
			buf_puts(&line, "XFORWARD");
		buf_putv(&line, buf_view(&text));
	}
	if (good && line.len > 0)
		good = exchange(session, proxy, buf_view(&line), 2);
	buf_fini(&port);
	buf_fini(&line);
	buf_fini(&text);
	return good;
}

/* -- the envelope ----------------------------------------------------------------------------------------------------------------- */

/*
 * As the client wrote it, but for control characters: a comment may hold a CR, which the filter might
 * take for the end of a line, and what follows for another recipient, whom nobody checked (SM9).
 */
static struct view
command_text(struct session *session, const char *verb, struct view arguments)
{
	struct buf line = BUF_INIT;
	struct view text;

	buf_printf(&line, "%s ", verb);
	for (size_t i = 0; i < arguments.len; i++)
		buf_putc(&line, char_is(arguments.data[i], CHAR_CONTROL) ? '?' : arguments.data[i]);
	text = arena_view(&session->transaction.arena, buf_view(&line));
	buf_fini(&line);
	return text;
}

/* Up to the answer to MAIL. The reply tells what went wrong, or there is none. */
static bool
begin(struct session *session, struct proxy *proxy)
{
	struct view ehlo = arena_printf(&session->transaction.arena, "EHLO %s", session->config->proxy_ehlo);

	proxy->reply.code = 0;
	if (!connect_filter(session, proxy) || !read_reply(session, proxy, "the greeting") || proxy->reply.code / 100 != 2
	    || !exchange(session, proxy, ehlo, 2))
		return false;
	learn_names(proxy);
	return send_xforward(session, proxy)
	    && exchange(session, proxy, command_text(session, "MAIL", session->transaction.mail_arguments), 2);
}

/* The filter's reply becomes ours. Without one there was trouble. */
static bool
pass_on(struct session *session, struct proxy *proxy)
{
	struct view rest = buf_view(&proxy->reply.text), line;
	struct buf text = BUF_INIT;
	bool good;

	if (proxy->failed || proxy->reply.code == 0)
		return reply(session, 451, "4.3.0", "Error: queue file write error");
	while (view_word(&rest, "\n", &line))
		buf_printf(&text, "%s%.*s", text.len > 0 ? "\n" : "", VIEW_ARG(view_slice(line, 4, line.len)));
	good = reply(session, proxy->reply.code, NULL, "%s", buf_c(&text));
	buf_fini(&text);
	return good;
}

static bool
stores(const struct session *session)
{
	return session->server->spool != -1;
}

static void
announce(struct session *session)
{
	struct maillog_client line = { .queue_id = VIEW("NOQUEUE"), .namaddr = buf_view(&session->peer.namaddr),
	    .login = session_login(session) };

	if (!session->transaction.announced)
		maillog_client(&line);
	session->transaction.announced = true;
}

static void
store_recipient(struct session *session, struct proxy *proxy, struct view text)
{
	struct command_line **end = &proxy->commands, *line = arena_alloc(&session->transaction.arena, sizeof(*line));

	while (*end != NULL)
		end = &(*end)->next;
	line->text = text;
	*end = line;
}

bool
proxy_recipient(struct session *session, struct view arguments)
{
	struct proxy *proxy = proxy_of(session);
	struct view line = command_text(session, "RCPT", arguments);
	bool good;

	announce(session);
	if (stores(session)) {
		store_recipient(session, proxy, line);
		return reply(session, 250, "2.1.5", "Ok");
	}
	good = (proxy->stream != NULL || begin(session, proxy)) && exchange(session, proxy, line, 2);
	return pass_on(session, proxy) && good;
}

/* -- the content ------------------------------------------------------------------------------------------------------------------- */

static bool
open_spool(struct session *session, struct proxy *proxy)
{
	proxy->spool = session->server->spool;
	if (lseek(proxy->spool, 0, SEEK_SET) != 0) {
		log_warn("temporary file for proxy filter: %s", strerror(errno));
		proxy->failed = true;
		return pass_on(session, proxy);
	}
	return true;
}

bool
proxy_start_content(struct session *session)
{
	struct proxy *proxy = proxy_of(session);

	if (stores(session))
		return open_spool(session, proxy);
	if ((proxy->in_content = exchange(session, proxy, VIEW("DATA"), 3)))
		return true;
	pass_on(session, proxy);
	return false;
}

static void
flush_block(struct proxy *proxy)
{
	if (proxy->spool == -1) {
		stream_put(proxy->stream, buf_view(&proxy->block));
	} else if (!proxy->failed && !file_write_all(proxy->spool, buf_view(&proxy->block), NULL)) {
		log_warn("temporary file for proxy filter: %s", strerror(errno));
		proxy->failed = true;
	}
	proxy->spooled += proxy->block.len;
	buf_reset(&proxy->block);
}

/* SM9, SM10: all that goes out passes here, our own header lines too; it alone knows whether a line begins. */
void
proxy_line(struct session *session, struct view text, bool complete)
{
	struct proxy *proxy = session->transaction.proxy;
	struct buf *block = &proxy->block;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\r' || text.data[i] == '\n')
			continue;
		if (!proxy->in_line && text.data[i] == '.')
			buf_putc(block, '.');
		buf_putc(block, text.data[i]);
		proxy->in_line = true;
	}
	if (complete) {
		buf_puts(block, "\r\n");
		proxy->in_line = false;
	}
	if (block->len >= BLOCK)
		flush_block(proxy);
}

/* -- the end ---------------------------------------------------------------------------------------------------------------------- */

static bool
send_spool(struct proxy *proxy)
{
	struct buf piece = BUF_INIT;
	uint64_t left = proxy->spooled;
	ssize_t n = lseek(proxy->spool, 0, SEEK_SET) == 0 ? 1 : -1;

	while (left > 0 && n > 0) {
		n = read(proxy->spool, buf_reserve(&piece, BLOCK), left < BLOCK ? (size_t)left : BLOCK);
		if (n <= 0)
			break;
		buf_added(&piece, (size_t)n);
		stream_put(proxy->stream, buf_view(&piece));
		buf_reset(&piece);
		left -= (uint64_t)n;
	}
	buf_fini(&piece);
	proxy->failed = proxy->failed || left > 0;
	return left == 0;
}

/* speed_adjust: all at once, now that it is here */
static bool
replay(struct session *session, struct proxy *proxy)
{
	if (!begin(session, proxy))
		return false;
	for (const struct command_line *line = proxy->commands; line != NULL; line = line->next) {
		if (!exchange(session, proxy, line->text, 2))
			return false;
	}
	return exchange(session, proxy, VIEW("DATA"), 3) && send_spool(proxy);
}

static void
log_verdict(struct session *session, const struct proxy *proxy)
{
	const struct transaction *tx = &session->transaction;
	struct maillog_proxy line = {
		.accepted = proxy->reply.code / 100 == 2, .stage = session->where, .reply = buf_view(&proxy->reply.text),
		.sender = tx->sender, .has_recipient = tx->accepted == 1, .recipient = tx->first_recipient,
		.protocol = session_protocol(session), .helo = buf_view(&session->helo), .username = buf_view(&session->login_name),
	};

	maillog_proxy(&line);
}

bool
proxy_finish(struct session *session)
{
	struct proxy *proxy = session->transaction.proxy;
	bool good;

	flush_block(proxy);
	good = !proxy->failed;
	if (good && proxy->spool != -1)
		good = replay(session, proxy);
	if (good && !exchange(session, proxy, VIEW("."), 2))
		good = false;
	proxy->in_content = false;
	if (!proxy->failed && proxy->reply.code != 0)
		log_verdict(session, proxy);
	return pass_on(session, proxy) && good;
}
