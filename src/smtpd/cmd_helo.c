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

/* Only the first word: some say more. */
static struct view
first_word(struct view arguments)
{
	struct view word = VIEW_EMPTY;

	view_word(&arguments, " \t", &word);
	return word;
}

bool
cmd_helo(struct session *session, struct view arguments)
{
	struct view name = first_word(arguments);

	if (view_empty(name))
		return reply(session, 501, NULL, "Syntax: HELO hostname");
	if (!greeted(session, name, false))
		return false;
	return reply(session, 250, NULL, "%s", session->config->myhostname);
}

bool
cmd_ehlo(struct session *session, struct view arguments)
{
	struct view name = first_word(arguments);
	struct buf text = BUF_INIT;

	if (view_empty(name))
		return reply(session, 501, NULL, "Syntax: EHLO hostname");
	if (!greeted(session, name, true))
		return false;
	ehlo_text(session, &text);
	reply(session, 250, NULL, "%s", buf_c(&text));
	buf_fini(&text);
	return true;
}
