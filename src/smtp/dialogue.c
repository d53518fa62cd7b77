#include "smtp/dialogue.h"

#include "util/log/log.h"

static bool
is_recorded(const struct session *session)
{
	return (transcript_classes(session->client->notices.classes) & (TROUBLE_PROTOCOL | TROUBLE_DATA)) != 0;
}

void
dialogue_sent(struct session *session, struct view line)
{
	log_debug(1, "> %s: %.*s", buf_c(&session->relay), VIEW_ARG(line));
	if (is_recorded(session))
		transcript_sent(&session->transcript, line);
}

void
dialogue_heard(struct session *session)
{
	struct view rest = buf_view(&session->reply.text), line;

	while (log_verbose() > 0 && view_word(&rest, "\n", &line))
		log_debug(1, "< %s: %.*s", buf_c(&session->relay), VIEW_ARG(line));
	if (is_recorded(session))
		transcript_heard(&session->transcript, buf_view(&session->reply.text));
}

/* "x0z: these replies refer to syntax errors, … and unimplemented or superfluous commands" (RFC 5321, 4.2.1) */
static bool
is_protocol_error(int code)
{
	return (code / 100 < 4 && code != 354) || code / 10 == 50 || code == 555;
}

void
dialogue_refused(struct session *session)
{
	if (is_protocol_error(session->reply.code))
		session->transcript.troubles |= TROUBLE_PROTOCOL;
}

void
dialogue_end(struct session *session)
{
	struct buf what = BUF_INIT;

	if (session->transcript.troubles != 0) {
		buf_printf(&what, "%s client: errors from %s", session->client->lmtp ? "LMTP" : "SMTP", buf_c(&session->relay));
		transcript_send(&session->transcript, &session->client->notices, buf_c(&what));
	}
	transcript_reset(&session->transcript);
	buf_fini(&what);
}
