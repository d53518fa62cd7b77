#include "global/client/flush.h"
#include "smtpd/command.h"
#include "smtpd/limits.h"
#include "smtpd/reply.h"
#include "util/log/log.h"

bool
cmd_rset(struct session *session, struct view arguments)
{
	if (!view_empty(arguments))
		return reply(session, 501, "5.5.4", "Syntax: RSET");
	transaction_end(session);
	session_flush_history(session);
	return reply(session, 250, "2.0.0", "Ok");
}

bool
cmd_noop(struct session *session, struct view arguments)
{
	return reply(session, 250, "2.0.0", "Ok");
}

bool
cmd_quit(struct session *session, struct view arguments)
{
	reply(session, 221, "2.0.0", "Bye");
	return session->closing = true;
}

bool
cmd_help(struct session *session, struct view arguments)
{
	struct buf names = BUF_INIT;

	command_names(&names);
	reply(session, 214, "2.0.0", "Commands: %s", buf_c(&names));
	buf_fini(&names);
	return true;
}

/* -- what this server does not have ----------------------------------------------------------------------------------------- */

bool
cmd_starttls(struct session *session, struct view arguments)
{
	if (!view_empty(arguments))
		return reply(session, 501, "5.5.4", "Syntax: STARTTLS");
	return reply(session, 502, "5.5.1", "Error: command not implemented");
}

bool
cmd_auth(struct session *session, struct view arguments)
{
	if (session->helo.len == 0)
		return reply(session, 503, "5.5.1", "Error: send HELO/EHLO first");
	return reply(session, 503, "5.5.1", "Error: authentication not enabled");
}

/* -- VRFY: asks the recipient rules, and leaves the transaction alone --------------------------------------------------- */

static bool
vrfy_passes(struct session *session, const struct address *address)
{
	struct buf internal = BUF_INIT;
	struct access_facts facts;
	bool good;

	address_join(&internal, address);
	session_facts(session, &facts);
	facts.recipient = buf_view(&internal);
	facts.has_recipient = true;
	facts.actions = NULL;
	good = session->standalone || access_rcpt(session->server->access, &facts, &session->verdict)
	    || reply_verdict(session, &session->verdict);
	buf_fini(&internal);
	return good;
}

/* "VRFY" SP String [ SP "SMTPUTF8" ] (RFC 6531, 3.7.4.2): takes the parameter off. */
static bool
vrfy_utf8(const struct session *session, struct view *arguments)
{
	struct view address, parameter;
	bool declared = session->config->smtputf8_enable && view_rsplit(*arguments, ' ', &address, &parameter)
	    && view_is_nocase(parameter, "SMTPUTF8");

	if (declared)
		*arguments = view_trim(address);
	return declared;
}

static bool
vrfy(struct session *session, struct arena *arena, struct view arguments)
{
	bool utf8 = vrfy_utf8(session, &arguments);
	struct cursor in = cursor_of(arguments);
	struct address address;

	if (view_empty(arguments))
		return reply(session, 501, "5.5.4", "Syntax: VRFY address%s", session->config->smtputf8_enable ? " [SMTPUTF8]" : "");
	if (!limits_recipient(session))
		return reply(session, 450, "4.7.1", "Error: too many recipients from %s", buf_c(&session->peer.address));
	if (!address_parse_path(&in, false, arena, &address, NULL) || address_is_null(&address) || !cursor_done(&in))
		return reply(session, 501, "5.1.3", "Bad recipient address syntax");
	if (address.needs_smtputf8 && session->config->strict_smtputf8 && !utf8)
		return reply(session, 553, "5.6.7", "Must declare SMTPUTF8 to send unicode address");
	if (!vrfy_passes(session, &address))
		return false;
	return reply(session, 252, "2.0.0", "%.*s", VIEW_ARG(arguments));
}

bool
cmd_vrfy(struct session *session, struct view arguments)
{
	struct arena arena = ARENA_INIT;
	bool good;

	if (session->config->disable_vrfy_command)
		return reply(session, 502, "5.5.1", "VRFY command is disabled");
	good = vrfy(session, &arena, arguments);
	arena_fini(&arena);
	return good;
}

/* -- ETRN (RFC 1985) ------------------------------------------------------------------------------------------------------- */

static bool
etrn_passes(struct session *session, struct view domain)
{
	struct access_facts facts;

	session_facts(session, &facts);
	facts.etrn_domain = domain;
	facts.has_etrn = true;
	facts.actions = NULL;
	return session->standalone || access_etrn(session->server->access, &facts, &session->verdict)
	    || reply_verdict(session, &session->verdict);
}

static bool
queue_for(struct session *session, struct view domain)
{
	const struct smtpd_config *config = session->server->config;
	struct buf path = BUF_INIT;
	enum flush_status status;

	buf_printf(&path, "public/%s", config->flush_service);
	status = flush_site(buf_c(&path), domain, (msec_t)config->ipc_timeout_sec * 1000);
	buf_fini(&path);
	if (status == FLUSH_OK)
		return reply(session, 250, NULL, "Queuing started");
	if (status == FLUSH_UNSERVED)
		return reply(session, 459, NULL, "<%.*s>: service unavailable", VIEW_ARG(domain));
	return reply(session, 458, NULL, "Unable to queue messages");
}

bool
cmd_etrn(struct session *session, struct view arguments)
{
	struct view domain = arguments;

	if (session->config->helo_required && session->helo.len == 0)
		return reply(session, 503, NULL, "Error: send HELO/EHLO first");
	if (view_empty(arguments) || view_find_any(arguments, " \t") >= 0)
		return reply(session, 500, NULL, "Syntax: ETRN domain");
	if (domain.data[0] == '@' || domain.data[0] == '#')
		domain = view_slice(domain, 1, domain.len);
	if (!domain_valid_mail(domain))
		return reply(session, 501, NULL, "Error: invalid parameter syntax");
	if (!etrn_passes(session, domain))
		return false;
	return queue_for(session, domain);
}
