#include "smtp/auth.h"

#include "global/address/mail_maps.h"
#include "sasl/login.h"
#include "util/text/encode.h"

enum { CHALLENGES_MAX = 20 };

/* -- the password ------------------------------------------------------------------------------------------------------- */

static enum lookup
find_by_sender(const struct client *client, struct view sender, struct buf *out)
{
	if (!client->config->sasl_by_sender || view_empty(sender))
		return LOOKUP_NONE;
	return mail_maps_lookup(client->passwords, sender, client->config->recipient_delimiter,
	    ADDRESS_KEY_FULL | ADDRESS_KEY_AT_DOMAIN, false, out, NULL, NULL);
}

/* smtp_sasl_password_maps: for the sender where that is wanted, the server, the next hop. */
static enum lookup
find(const struct session *session, struct view sender, struct view nexthop, struct buf *out)
{
	struct maps *passwords = session->client->passwords;
	enum lookup found = LOOKUP_NONE;

	if (passwords == NULL)
		return LOOKUP_NONE;
	found = find_by_sender(session->client, sender, out);
	if (found == LOOKUP_NONE)
		found = maps_lookup(passwords, buf_view(&session->host), false, out, NULL);
	if (found == LOOKUP_NONE)
		found = maps_lookup(passwords, nexthop, false, out, NULL);
	return found;
}

/* credentials = user delimiter password */
static void
split(const struct client *client, struct view credentials, struct buf *user, struct buf *password)
{
	struct view name = credentials, secret = VIEW_EMPTY;

	view_split(credentials, client->config->sasl_delimiter[0], &name, &secret);
	buf_putv(user, name);
	buf_putv(password, secret);
}

/* -- the dialogue ------------------------------------------------------------------------------------------------------- */

static bool
impossible(const struct session *session, struct dsn *dsn, const char *why)
{
	dsn_set(dsn, "4.7.0", "SASL authentication failed; cannot authenticate to server %s: %s", buf_c(&session->peer), why);
	return false;
}

static bool
rejected(const struct session *session, struct dsn *dsn)
{
	const struct smtp_reply *reply = &session->reply;
	char status[DSN_STATUS_SIZE];

	snprintf(status, sizeof(status), "%s", reply->dsn[0] != '\0' ? reply->dsn : reply->code / 100 == 5 ? "5.7.0" : "4.7.0");
	if (session->client->config->sasl_soft_bounce || status[0] == '2')
		status[0] = '4';
	dsn_set(dsn, status, "SASL authentication failed; server %s said: %s", buf_c(&session->peer), buf_c(&reply->text));
	return false;
}

static void
send_response(struct session *session, const char *before, struct view response)
{
	struct buf line = BUF_INIT;

	buf_puts(&line, before);
	if (*before != '\0' && view_empty(response))
		buf_putc(&line, '=');		/* an initial response that is empty (RFC 4954, 4) */
	base64_encode(&line, response);
	session_command(session, "%s", buf_c(&line));
	buf_wipe(&line);
}

static bool
hear(struct session *session, struct dsn *dsn)
{
	return session_reply(session, session->client->config->mail_timeout_sec, "sending the AUTH command", dsn);
}

/* Our side cannot go on: the server is told so. */
static bool
cancel(struct session *session, struct dsn *dsn, const char *why)
{
	session_command(session, "*");
	if (!hear(session, dsn))
		return false;
	return impossible(session, dsn, why);
}

/* server-challenge = "334" SP base64 */
static bool
answer_challenge(struct session *session, struct login *login, struct dsn *dsn)
{
	struct view text = view_trim(view_slice(buf_view(&session->reply.text), 4, session->reply.text.len));
	struct buf challenge = BUF_INIT, response = BUF_INIT, why = BUF_INIT;
	bool ok;

	if (!base64_decode(&challenge, text))
		ok = cancel(session, dsn, "malformed challenge");
	else if (!login_step(login, buf_view(&challenge), &response, &why))
		ok = cancel(session, dsn, buf_c(&why));
	else {
		send_response(session, "", buf_view(&response));
		ok = hear(session, dsn);
	}
	buf_fini(&why);
	buf_wipe(&response);
	buf_fini(&challenge);
	return ok;
}

static bool
converse(struct session *session, struct login *login, struct dsn *dsn)
{
	for (int i = 0; session->reply.code == 334 && i < CHALLENGES_MAX; i++)
		if (!answer_challenge(session, login, dsn))
			return false;
	return session->reply.code / 100 == 2 || rejected(session, dsn);
}

static bool
begin(struct session *session, struct login *login, struct dsn *dsn)
{
	struct buf command = BUF_INIT, response = BUF_INIT, why = BUF_INIT;
	const char *mechanism;
	bool has_response, ok = false;

	if (!login_start(login, &mechanism, &response, &has_response, &why)) {
		impossible(session, dsn, buf_c(&why));
		goto out;
	}
	buf_printf(&command, "AUTH %s%s", mechanism, has_response ? " " : "");
	if (has_response)
		send_response(session, buf_c(&command), buf_view(&response));
	else
		session_command(session, "%s", buf_c(&command));
	ok = hear(session, dsn) && converse(session, login, dsn);
out:
	buf_fini(&why);
	buf_wipe(&response);
	buf_fini(&command);
	return ok;
}

static bool
log_in(struct session *session, const char *user, const char *password, struct dsn *dsn)
{
	const struct client *client = session->client;
	struct login_request request = {
		.service = client_prefix(client), .host = buf_c(&session->host), .user = user, .password = password,
		.mechanisms = buf_c(&session->mechanisms), .security = client->sasl_security,
	};
	struct buf why = BUF_INIT;
	struct login *login;
	bool ok;

	if (session->mechanisms.len == 0)
		return impossible(session, dsn, "no mechanism available");
	login = login_new(&request, &why);
	session->in_login = true;
	ok = login != NULL ? begin(session, login, dsn) : impossible(session, dsn, buf_c(&why));
	session->in_login = false;
	login_free(login);
	buf_fini(&why);
	return ok;
}

bool
auth_login(struct session *session, const struct delivery_request *request, struct view nexthop, struct dsn *dsn)
{
	struct buf credentials = BUF_INIT, user = BUF_INIT, password = BUF_INIT;
	enum lookup found = LOOKUP_NONE;
	bool ok = true;

	if (session->client->config->sasl_auth_enable && (session->features & FEATURE_AUTH))
		found = find(session, request->sender, nexthop, &credentials);
	if (found == LOOKUP_RETRY) {
		dsn_set(dsn, "4.3.0", "%s_sasl_password_maps lookup error", client_prefix(session->client));
		ok = false;
	} else if (found == LOOKUP_FOUND) {
		split(session->client, buf_view(&credentials), &user, &password);
		ok = log_in(session, buf_c(&user), buf_c(&password), dsn);
		session->logged_in = ok;
	}
	buf_wipe(&password);
	buf_fini(&user);
	buf_wipe(&credentials);
	return ok;
}
