#include "smtpd/command.h"
#include "smtpd/ehlo.h"
#include "smtpd/limits.h"
#include "smtpd/proxy.h"
#include "smtpd/reply.h"

static bool
too_many(struct session *session)
{
	struct transaction *tx = &session->transaction;

	if (tx->accepted < (unsigned)session->config->recipient_limit)
		return false;
	reply(session, 452, "4.5.3", "Error: too many recipients");
	if (tx->over_limit++ < (unsigned)session->config->recipient_overshoot_limit)
		session->errors--;		/* counted by the caller: not yet an error */
	return true;
}

static bool
utf8_declared(struct session *session, const struct address *recipient)
{
	cmd_warn_utf8(session, "recipient", recipient);
	if (!recipient->needs_smtputf8 || session->transaction.params.smtputf8 || !session->config->strict_smtputf8)
		return true;
	return reply(session, 553, "5.6.7", "Must declare SMTPUTF8 to send unicode address");
}

static bool
passes(struct session *session, const struct address *recipient)
{
	struct buf internal = BUF_INIT;
	struct access_facts facts;
	bool good;

	address_join(&internal, recipient);
	session_facts(session, &facts);
	facts.recipient = buf_view(&internal);
	facts.has_recipient = true;
	good = session->standalone || access_rcpt(session->server->access, &facts, &session->verdict)
	    || reply_verdict(session, &session->verdict);
	buf_fini(&internal);
	return good;
}

/* The filter answers for itself. */
static bool
ask_proxy(struct session *session, const struct address *recipient, struct view arguments)
{
	struct buf internal = BUF_INIT;
	bool good = proxy_recipient(session, arguments);

	address_join(&internal, recipient);
	if (good)
		transaction_count_recipient(session, buf_view(&internal));
	buf_fini(&internal);
	return good;
}

static bool
rcpt(struct session *session, struct view arguments)
{
	struct cursor in = cursor_of(arguments);
	struct smtp_rcpt_params params;
	struct smtp_fault fault;
	struct address recipient;
	unsigned allowed = (session->keywords & EHLO_DSN) != 0 ? SMTP_PARAM_DSN : 0;

	if (!smtp_path_keyword(&in, "TO"))
		return reply(session, 501, "5.5.4", "Syntax: RCPT TO:<address>");
	if (!limits_recipient(session))
		return reply(session, 450, "4.7.1", "Error: too many recipients from %s", buf_c(&session->peer.address));
	if (!cmd_path_parse(session, &in, &recipient) || address_is_null(&recipient))
		return reply(session, 501, "5.1.3", "Bad recipient address syntax");
	if (!cmd_declared_domain(&recipient, session->transaction.params.smtputf8))
		return reply(session, 501, "5.1.3", "Bad recipient address syntax");
	if (!smtp_rcpt_params_parse(&in, allowed, &session->transaction.arena, &params, &fault))
		return cmd_fault(session, &fault);
	if (too_many(session) || !utf8_declared(session, &recipient) || !passes(session, &recipient))
		return false;
	if (proxy_wanted(session))
		return ask_proxy(session, &recipient, arguments);
	if (!transaction_add_recipient(session, &recipient, &params))
		return reply(session, 451, "4.3.0", "Error: queue file write error");
	return reply(session, 250, "2.1.5", "Ok");
}

bool
cmd_rcpt(struct session *session, struct view arguments)
{
	bool good = rcpt(session, arguments);

	if (!good && session->state == STATE_MAIL)
		session_set_state(session, STATE_REFUSED);
	return good;
}
