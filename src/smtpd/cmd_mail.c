#include <errno.h>
#include <sys/statvfs.h>

#include "global/config/compatibility.h"
#include "smtpd/command.h"
#include "smtpd/ehlo.h"
#include "smtpd/limits.h"
#include "smtpd/proxy.h"
#include "smtpd/reply.h"
#include "util/log/log.h"

enum { ROOM_MS = 1000 };

static unsigned
allowed_params(const struct session *session)
{
	unsigned allowed = SMTP_PARAM_AUTH;	/* who said so is of no weight without a login (RFC 4954, 5) */

	if (session->config->smtputf8_enable)
		allowed |= SMTP_PARAM_SMTPUTF8;
	if ((session->keywords & EHLO_DSN) != 0)
		allowed |= SMTP_PARAM_DSN;
	if ((session->keywords & EHLO_XVERP) != 0)
		allowed |= SMTP_PARAM_VERP;
	return allowed;
}

bool
cmd_fault(struct session *session, const struct smtp_fault *fault)
{
	return reply(session, fault->code, fault->dsn, "%s%s%.*s", fault->text, view_empty(fault->culprit) ? "" : ": ",
	    VIEW_ARG(fault->culprit));
}

/* What is free in the queue's file system, as it was up to a second ago. False: it does not say. */
static bool
free_room(struct smtpd_server *server, uint64_t *room)
{
	struct statvfs fs;

	if (server->room_asked == 0 || clock_now() - server->room_asked >= ROOM_MS) {
		if (statvfs(".", &fs) == -1) {
			log_warn("statvfs of the queue directory: %s", strerror(errno));
			return false;
		}
		server->room_asked = clock_now();
		server->room = (uint64_t)fs.f_bavail > UINT64_MAX / fs.f_frsize ? UINT64_MAX
		    : (uint64_t)fs.f_bavail * fs.f_frsize;
	}
	*room = server->room;
	return true;
}

/* Room on the disk: 1.5 times the largest message, or queue_minfree. */
static bool
has_room(struct session *session, uint64_t announced)
{
	const struct smtpd_config *config = session->config;
	uint64_t room;

	if (!free_room(session->server, &room))
		return true;
	if ((config->queue_minfree > 0 && room < (uint64_t)config->queue_minfree) || room < announced
	    || (config->message_size_limit > 0 && room / 3 * 2 < (uint64_t)config->message_size_limit)) {
		log_warn("NOQUEUE: not enough free space in mail queue: %llu bytes", (unsigned long long)room);
		return reply(session, 452, "4.3.1", "Insufficient system storage");
	}
	return true;
}

static bool
size_fits(struct session *session, const struct smtp_mail_params *params)
{
	if (params->size > INT64_MAX)
		return reply(session, 552, "5.3.4", "Message size exceeds file system imposed limit");
	if (session->config->message_size_limit > 0 && params->size > (uint64_t)session->config->message_size_limit)
		return reply(session, 552, "5.3.4", "Message size exceeds fixed limit");
	return session->standalone || has_room(session, params->size);
}

void
cmd_warn_utf8(const struct session *session, const char *what, const struct address *address)
{
	struct buf internal = BUF_INIT;

	if (!session->config->old_smtputf8 || !address->needs_smtputf8)
		return;
	address_join(&internal, address);
	compatibility_log("smtputf8_enable=no to accept non-ASCII %s address \"%s\" from %s", what, buf_c(&internal),
	    buf_c(&session->peer.namaddr));
	buf_fini(&internal);
}

static bool
utf8_declared(struct session *session, const struct address *sender, const struct smtp_mail_params *params)
{
	cmd_warn_utf8(session, "sender", sender);
	if (!sender->needs_smtputf8 || params->smtputf8 || !session->config->strict_smtputf8)
		return true;
	return reply(session, 553, "5.6.7", "Must declare SMTPUTF8 to send unicode address");
}

/* Delimiters end up between parts of an address. */
static bool
verp_good(struct session *session, const struct address *sender, struct smtp_mail_params *params)
{
	const char *allowed = session->config->verp_delimiter_filter;

	if (!params->has_verp)
		return true;
	if (address_is_null(sender))
		return reply(session, 503, "5.5.4", "Error: XVERP requires non-null sender");
	if (view_empty(params->verp))
		params->verp = view_string(session->config->verp_delimiters);
	if (params->verp.len == 2 && strchr(allowed, params->verp.data[0]) != NULL
	    && strchr(allowed, params->verp.data[1]) != NULL)
		return true;
	return reply(session, 501, "5.5.4", "Error: XVERP needs two characters from %s", allowed);
}

/* Nothing follows a path but parameters behind a blank; and, as in headers, a comment. */
static bool
path_ends(struct cursor *in, bool strict)
{
	struct view comment;

	if (!strict && cursor_peek(in) == '(')
		cursor_until(in, ')', &comment);
	return cursor_done(in) || cursor_at(in, CHAR_BLANK);
}

bool
cmd_declared_domain(const struct address *address, bool smtputf8)
{
	return smtputf8 || view_is_ascii(address->domain);
}

/* Programs that are given addresses on their command line would take it for an option (AD2). */
static bool
looks_like_option(const struct session *session, const struct address *address)
{
	return address->local.len > 0 && address->local.data[0] == '-' && !session->config->allow_min_user;
}

bool
cmd_path_parse(struct session *session, struct cursor *in, struct address *out)
{
	struct view whole = cursor_rest(in);
	struct buf why = BUF_INIT;
	bool good;

	good = address_parse_path(in, session->config->strict_rfc821_envelopes, &session->transaction.arena, out, &why)
	    && path_ends(in, session->config->strict_rfc821_envelopes) && !looks_like_option(session, out);
	if (!good)
		log_warn("Illegal address syntax from %s in %s command: %.*s", buf_c(&session->peer.namaddr), session->where,
		    VIEW_ARG(whole));
	buf_fini(&why);
	return good;
}

/* What the resolver will say of it: who cannot be answered needs not be asked what he wants. */
static bool
sender_resolves(const struct session *session, const struct address *sender)
{
	struct netaddr numeric;

	if (!view_empty(sender->local) && sender->local.data[0] == '-' && !session->config->allow_min_user)
		return false;
	if (netaddr_parse(sender->domain, &numeric))
		return session->config->resolve_numeric_domain;
	return view_empty(sender->domain) || domain_valid_mail(sender->domain);
}

static bool
sender_passes(struct session *session, const struct address *sender, uint64_t size)
{
	struct buf internal = BUF_INIT;
	struct access_facts facts;
	bool good;

	address_join(&internal, sender);
	session_facts(session, &facts);
	facts.sender = buf_view(&internal);
	facts.has_sender = true;
	facts.size = size;
	good = session->standalone || access_mail(session->server->access, &facts, &session->verdict)
	    || reply_verdict(session, &session->verdict);
	buf_fini(&internal);
	return good;
}

static bool
mail(struct session *session, struct view arguments)
{
	struct cursor in = cursor_of(arguments);
	struct smtp_mail_params params;
	struct smtp_fault fault;
	struct address sender;

	if (session->config->helo_required && session->helo.len == 0)
		return reply(session, 503, "5.5.1", "Error: send HELO/EHLO first");
	if (!smtp_path_keyword(&in, "FROM"))
		return reply(session, 501, "5.5.4", "Syntax: MAIL FROM:<address>");
	if (!session->rewrite_known)
		return reply(session, 451, "4.3.0", "Temporary lookup error");
	if (!limits_message(session))
		return reply(session, 450, "4.7.1", "Error: too much mail from %s", buf_c(&session->peer.address));
	if (!cmd_path_parse(session, &in, &sender) || !sender_resolves(session, &sender))
		return reply(session, 501, "5.1.7", "Bad sender address syntax");
	if (!smtp_mail_params_parse(&in, allowed_params(session), &session->transaction.arena, &params, &fault))
		return cmd_fault(session, &fault);
	if (!cmd_declared_domain(&sender, params.smtputf8))
		return reply(session, 501, "5.1.7", "Bad sender address syntax");
	if (!utf8_declared(session, &sender, &params) || !size_fits(session, &params)
	    || !verp_good(session, &sender, &params) || !sender_passes(session, &sender, params.size))
		return false;
	transaction_begin(session, &sender, &params);
	session->transaction.mail_arguments = arena_view(&session->transaction.arena, arguments);
	if (!proxy_wanted(session) && !session->config->delay_open_until_valid_rcpt && !transaction_open(session))
		return reply(session, 451, "4.3.0", "Error: queue file write error");
	return reply(session, 250, "2.1.0", "Ok");
}

bool
cmd_mail(struct session *session, struct view arguments)
{
	const struct milter_refusal *refusal = session->server->refusal;
	bool good = refusal == NULL ? mail(session, arguments) : reply(session, refusal->code, refusal->dsn, "%s", refusal->text);

	if (!good)
		transaction_end(session);
	return good;
}
