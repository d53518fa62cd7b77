#include "smtpd/command.h"
#include "smtpd/ehlo.h"
#include "smtpd/reply.h"

/* HELO and EHLO end a transaction (RFC 5321, 4.1.4). */
static bool
greeted(struct session *session, struct view name, bool esmtp)
{
	struct access_facts facts;

	session_facts(session, &facts);
	facts.helo = name;
	facts.has_helo = true;
	facts.has_sender = false;
	facts.actions = NULL;
	if (!session->standalone && !access_helo(session->server->access, &facts, &session->verdict))
		return reply_verdict(session, &session->verdict);
	transaction_end(session);
	if (esmtp)
		session_flush_history(session);
	buf_set(&session->helo, name);
	session->esmtp = esmtp;
	return true;
}

/* All words: what is no host name is for the rules to judge. */
static void
put_name(struct buf *out, struct view arguments)
{
	struct view word;

	while (view_word(&arguments, " \t", &word))
		buf_printf(out, "%s%.*s", out->len > 0 ? " " : "", VIEW_ARG(word));
}

bool
cmd_helo(struct session *session, struct view arguments)
{
	struct buf name = BUF_INIT;
	bool good;

	put_name(&name, arguments);
	if (name.len == 0)
		good = reply(session, 501, NULL, "Syntax: HELO hostname");
	else
		good = greeted(session, buf_view(&name), false) && reply(session, 250, NULL, "%s", session->config->myhostname);
	buf_fini(&name);
	return good;
}

static bool
welcome(struct session *session)
{
	struct buf text = BUF_INIT;

	ehlo_text(session, &text);
	reply(session, 250, NULL, "%s", buf_c(&text));
	buf_fini(&text);
	return true;
}

bool
cmd_ehlo(struct session *session, struct view arguments)
{
	struct buf name = BUF_INIT;
	bool good;

	put_name(&name, arguments);
	if (name.len == 0)
		good = reply(session, 501, NULL, "Syntax: EHLO hostname");
	else if (!session->rights_known)
		good = reply(session, 421, "4.3.0", "%s Server local data error", session->config->myhostname);
	else
		good = greeted(session, buf_view(&name), true) && welcome(session);
	buf_fini(&name);
	return good;
}
