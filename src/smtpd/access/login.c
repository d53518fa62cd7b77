/* login: restrictions on who proved to be whom: by SASL, or by a client certificate. */
#include "global/address/mail_maps.h"
#include "smtpd/access/lookup.h"
#include "util/log/log.h"

static struct view
user(const struct access_run *run)
{
	return run->facts->login.username;
}

enum outcome
check_sasl_authenticated(struct access_run *run, const struct rule *rule)
{
	return view_empty(user(run)) ? ACCESS_NEXT : ACCESS_PERMIT;
}

static enum outcome
table_says(struct access_run *run, const struct rule *rule, struct view key, enum subject subject)
{
	struct buf value = BUF_INIT;
	enum outcome outcome = ACCESS_NEXT;
	enum lookup found = maps_lookup(rule->maps, key, false, &value, NULL);

	if (found == LOOKUP_FOUND)
		outcome = access_result(run, buf_view(&value), subject, table_name(maps_at(rule->maps, 0)));
	else if (found == LOOKUP_RETRY)
		outcome = refuse_configuration_for(run, subject);
	buf_fini(&value);
	return outcome;
}

enum outcome
check_sasl_access(struct access_run *run, const struct rule *rule)
{
	return view_empty(user(run)) ? ACCESS_NEXT : table_says(run, rule, user(run), SUBJECT_CLIENT);
}

/* -- certificates ------------------------------------------------------------------------------------------------------------ */

enum outcome
check_all_certificates(struct access_run *run, const struct rule *rule)
{
	return run->facts->tls != NULL && run->facts->tls->trusted ? ACCESS_PERMIT : ACCESS_NEXT;
}

/* By the fingerprint of the certificate, or of its key. */
enum outcome
check_known_certificates(struct access_run *run, const struct rule *rule)
{
	const struct access_tls *tls = run->facts->tls;
	struct view keys[2] = { VIEW_EMPTY, VIEW_EMPTY };
	struct buf value = BUF_INIT;
	enum lookup found = LOOKUP_NONE;

	if (tls != NULL) {
		keys[0] = tls->fingerprint;
		keys[1] = tls->key_fingerprint;
	}
	for (size_t i = 0; i < ARRAY_COUNT(keys) && found == LOOKUP_NONE; i++) {
		if (!view_empty(keys[i]))
			found = maps_lookup(run->access->relay_certificates, keys[i], false, &value, NULL);
	}
	buf_fini(&value);
	if (found == LOOKUP_RETRY)
		return refuse_configuration_for(run, SUBJECT_CLIENT);
	return found == LOOKUP_FOUND ? ACCESS_PERMIT : ACCESS_NEXT;
}

enum outcome
check_certificate_access(struct access_run *run, const struct rule *rule)
{
	const struct access_tls *tls = run->facts->tls;
	enum outcome outcome = ACCESS_NEXT;

	if (tls == NULL)
		return ACCESS_NEXT;
	if (!view_empty(tls->fingerprint))
		outcome = table_says(run, rule, tls->fingerprint, SUBJECT_CLIENT);
	if (outcome == ACCESS_NEXT && !view_empty(tls->key_fingerprint))
		outcome = table_says(run, rule, tls->key_fingerprint, SUBJECT_CLIENT);
	return outcome;
}

enum outcome
check_plaintext(struct access_run *run, const struct rule *rule)
{
	if (run->facts->tls != NULL)
		return ACCESS_NEXT;
	return refuse(run, run->config->plaintext_code, "4.7.1", "Session encryption is required");
}

/* -- whose address the sender is: smtpd_sender_login_maps ------------------------------------------------------------------ */

static enum lookup
owners_of_sender(struct access_run *run, struct buf *owners)
{
	unsigned keys = ADDRESS_KEY_FULL | ADDRESS_KEY_USER | ADDRESS_KEY_AT_DOMAIN;
	struct resolve_reply resolved;
	bool is_local;

	if (!run->facts->has_sender || view_empty(run->facts->sender))
		return LOOKUP_NONE;
	if (!resolve_for(run, run->facts->sender, &resolved))
		return LOOKUP_RETRY;
	is_local = resolved.domain_class == RESOLVE_LOCAL;
	return mail_maps_lookup(run->access->sender_logins, run->facts->sender, run->config->recipient_delimiter, keys, is_local,
	    owners, NULL, NULL);
}

static bool
is_one_of(struct view owners, struct view name)
{
	struct view word;

	while (view_word(&owners, ", \t\r\n", &word)) {
		if (view_equal_nocase(word, name))
			return true;
	}
	return false;
}

static enum outcome
not_owned(struct access_run *run)
{
	return refuse(run, 553, "5.7.1", "<%.*s>: Sender address rejected: not owned by user %.*s",
	    VIEW_ARG(subject_name(run, SUBJECT_SENDER)), VIEW_ARG(user(run)));
}

static enum outcome
not_logged_in(struct access_run *run)
{
	return refuse(run, 553, "5.7.1", "<%.*s>: Sender address rejected: not logged in",
	    VIEW_ARG(subject_name(run, SUBJECT_SENDER)));
}

/* known_only: an address that nobody owns may be used by all who are logged in */
static enum outcome
login_mismatch(struct access_run *run, bool check_users, bool check_strangers, bool known_only)
{
	struct buf owners = BUF_INIT;
	enum lookup found = owners_of_sender(run, &owners);
	bool logged_in = !view_empty(user(run));
	enum outcome outcome = ACCESS_NEXT;

	if (found == LOOKUP_RETRY)
		outcome = refuse_maps(run, run->access->sender_logins, SUBJECT_SENDER);
	else if (logged_in && check_users && run->facts->has_sender
	    && (found == LOOKUP_FOUND ? !is_one_of(buf_view(&owners), user(run)) : !known_only))
		outcome = not_owned(run);
	else if (!logged_in && check_strangers && found == LOOKUP_FOUND)
		outcome = not_logged_in(run);
	buf_fini(&owners);
	return outcome;
}

enum outcome
check_login_mismatch(struct access_run *run, const struct rule *rule)
{
	return login_mismatch(run, true, true, false);
}

enum outcome
check_known_login_mismatch(struct access_run *run, const struct rule *rule)
{
	return login_mismatch(run, true, true, true);
}

enum outcome
check_authenticated_login_mismatch(struct access_run *run, const struct rule *rule)
{
	return login_mismatch(run, true, false, false);
}

enum outcome
check_unauthenticated_login_mismatch(struct access_run *run, const struct rule *rule)
{
	return login_mismatch(run, false, true, false);
}
