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

static void
soften(const struct session *session, int *code, char dsn[DSN_STATUS_SIZE])
{
	if (!session->config->soft_bounce || *code < 500)
		return;
	*code -= 100;
	if (dsn[0] == '5')
		dsn[0] = '4';
}

static bool
send_reply(struct session *session, int code, const char *dsn, struct view text)
{
	char enhanced[DSN_STATUS_SIZE];

	snprintf(enhanced, sizeof(enhanced), "%s", dsn != NULL ? dsn : "");
	soften(session, &code, enhanced);
	slow_down(session);
	smtp_reply_put(session->stream, code, enhanced, text);
	log_debug(1, "> %s: %d %s %.*s", buf_c(&session->peer.namaddr), code, enhanced, VIEW_ARG(text));
	if (code == 421 || code == 521)
		session->closing = true;
	return code < 400;
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
	good = send_reply(session, code, dsn, buf_view(&text));
	buf_fini(&text);
	return good;
}

bool
reply_verdict(struct session *session, const struct access_verdict *verdict)
{
	return send_reply(session, verdict->code, verdict->dsn, buf_view(&verdict->text));
}
