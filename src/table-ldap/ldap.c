/*
 * ldap: tables in LDAP directories.
 *
 * A search gives entries. Of each, `result_attribute` are results; `special_result_attribute` name more entries (by DN or
 * LDAP URL), which are read in turn; a `terminal_result_attribute` is the only result of an entry that has it, and a
 * `leaf_result_attribute` counts only where there is nothing special to follow. Depth and number are limited.
 */
#include <ldap.h>
#include <sasl/sasl.h>

#include "table/host.h"

enum { PLAIN, SPECIAL, TERMINAL, LEAF, KINDS, DEFAULT_PORT = 389 };

static const struct table_host *host;

struct words {
	char *text;			/* the words point into it */
	char **list;			/* NULL ended */
	size_t count;
};

struct ldap {
	struct settings *settings;
	struct query query;
	struct words uris;		/* in the order of asking */
	const char *base, *filter, *bind_dn, *password;
	const char *mechanisms, *realm, *authorise;
	int version, timeout_sec, recursion_max, size_max, dereference, scope, min_ssf, debug;
	bool bind, sasl, start_tls, chase, require_certificate;
	struct words attributes[KINDS];
	char **wanted;			/* all of them, NULL ended; borrowed */
	LDAP *connection;		/* NULL: none */
};

struct search {
	struct ldap *l;
	struct query_results *results;
	struct buf *why;
	int depth, entries;
};

static bool	search(struct search *s, const char *base, int scope, const char *filter);

static void
attach(const struct table_host *with)
{
	host = with;
}

static bool
failed(const struct ldap *l, const char *what, int error, struct buf *why)
{
	host->why_set(why, "%s: %s: %s", host->settings_title(l->settings), what, ldap_err2string(error));
	return false;
}

/* -- connecting ------------------------------------------------------------------------------------------------------- */

static void
hang_up(struct ldap *l)
{
	if (l->connection != NULL)
		ldap_unbind_ext(l->connection, NULL, NULL);
	l->connection = NULL;
}

/* Each of the library's options that a setting names. */
static bool
set_tls_texts(struct ldap *l, struct buf *why)
{
	static const struct {
		const char *name;
		int option;
	} texts[] = {
		{ "tls_ca_cert_file", LDAP_OPT_X_TLS_CACERTFILE }, { "tls_ca_cert_dir", LDAP_OPT_X_TLS_CACERTDIR },
		{ "tls_cert", LDAP_OPT_X_TLS_CERTFILE }, { "tls_key", LDAP_OPT_X_TLS_KEYFILE },
		{ "tls_random_file", LDAP_OPT_X_TLS_RANDOM_FILE }, { "tls_cipher_suite", LDAP_OPT_X_TLS_CIPHER_SUITE },
	};

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		const char *value = host->settings_text(l->settings, texts[i].name, "");
		int error;

		if (value[0] != '\0' &&
		    (error = ldap_set_option(l->connection, texts[i].option, value)) != LDAP_OPT_SUCCESS)
			return failed(l, texts[i].name, error, why);
	}
	return true;
}

static bool
set_tls(struct ldap *l, struct buf *why)
{
	int require = l->require_certificate ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER, client = 0, error;

	if (!set_tls_texts(l, why))
		return false;
	ldap_set_option(l->connection, LDAP_OPT_X_TLS_REQUIRE_CERT, &require);
	if ((error = ldap_set_option(l->connection, LDAP_OPT_X_TLS_NEWCTX, &client)) != LDAP_OPT_SUCCESS)
		return failed(l, "TLS", error, why);
	return true;
}

static void
set_options(struct ldap *l)
{
	struct timeval timeout = { .tv_sec = l->timeout_sec };

	ldap_set_option(l->connection, LDAP_OPT_PROTOCOL_VERSION, &l->version);
	ldap_set_option(l->connection, LDAP_OPT_NETWORK_TIMEOUT, &timeout);
	ldap_set_option(l->connection, LDAP_OPT_TIMEOUT, &timeout);
	ldap_set_option(l->connection, LDAP_OPT_TIMELIMIT, &l->timeout_sec);
	ldap_set_option(l->connection, LDAP_OPT_SIZELIMIT, &l->size_max);
	ldap_set_option(l->connection, LDAP_OPT_DEREF, &l->dereference);
	ldap_set_option(l->connection, LDAP_OPT_REFERRALS, l->chase ? LDAP_OPT_ON : LDAP_OPT_OFF);
	if (l->debug > 0)
		ldap_set_option(NULL, LDAP_OPT_DEBUG_LEVEL, &l->debug);
}

/* What the mechanism asks for, as far as we were told. */
static int
interact(LDAP *connection, unsigned flags, void *arg, void *questions)
{
	const struct ldap *l = arg;

	for (sasl_interact_t *q = questions; q->id != SASL_CB_LIST_END; q++) {
		const char *answer = q->id == SASL_CB_GETREALM ? l->realm : q->id == SASL_CB_USER ? l->authorise
		    : q->id == SASL_CB_AUTHNAME ? l->bind_dn : q->id == SASL_CB_PASS ? l->password : NULL;

		q->result = answer != NULL ? answer : "";
		q->len = (unsigned)strlen(q->result);
	}
	return LDAP_SUCCESS;
}

static int
bind_sasl(struct ldap *l)
{
	char properties[32];

	snprintf(properties, sizeof(properties), "minssf=%d", l->min_ssf);
	ldap_set_option(l->connection, LDAP_OPT_X_SASL_SECPROPS, properties);
	return ldap_sasl_interactive_bind_s(l->connection, NULL, l->mechanisms, NULL, NULL, LDAP_SASL_QUIET, interact, l);
}

static int
bind_simple(struct ldap *l)
{
	struct berval password = { strlen(l->password), (char *)(uintptr_t)l->password };

	return ldap_sasl_bind_s(l->connection, l->bind_dn, LDAP_SASL_SIMPLE, &password, NULL, NULL, NULL);
}

static bool
introduce(struct ldap *l, struct buf *why)
{
	int error = LDAP_SUCCESS;

	if (!set_tls(l, why))
		return false;
	if (l->start_tls && (error = ldap_start_tls_s(l->connection, NULL, NULL)) != LDAP_SUCCESS)
		return failed(l, "start_tls", error, why);
	if (l->sasl)
		error = bind_sasl(l);
	else if (l->bind)
		error = bind_simple(l);
	return error == LDAP_SUCCESS || failed(l, "bind", error, why);
}

static bool
connect_to(struct ldap *l, const char *uri, struct buf *why)
{
	int error = ldap_initialize(&l->connection, uri);

	if (error != LDAP_SUCCESS) {
		l->connection = NULL;
		return failed(l, uri, error, why);
	}
	set_options(l);
	if (introduce(l, why))
		return true;
	hang_up(l);
	return false;
}

/* The library itself would go on to the next server only when one refuses the connection. *next: where to go on. */
static bool
connect_any(struct ldap *l, size_t *next, struct buf *why)
{
	while (*next < l->uris.count)
		if (connect_to(l, l->uris.list[(*next)++], why))
			return true;
	return false;
}

/* -- searching -------------------------------------------------------------------------------------------------------- */

/* assertion values (RFC 4515, 3): *, (, ), \ and NUL as \XX */
static bool
quote(void *arg, struct view text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\0' || strchr("*()\\", text.data[i]) != NULL)
			host->buf_printf(out, "\\%02x", (unsigned char)text.data[i]);
		else
			host->buf_put(out, text.data + i, 1);
	}
	return true;
}

/* A search base is a DN: RFC 4514, 2.4 */
static bool
quote_dn(void *arg, struct view text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];
		bool edge = (c == ' ' && (i == 0 || i + 1 == text.len)) || (c == '#' && i == 0);

		if (edge || (c != '\0' && strchr("\\,+\"<>;=", c) != NULL))
			host->buf_put(out, "\\", 1);
		host->buf_put(out, &c, 1);
	}
	return true;
}

static bool
limit_reached(struct search *s, const char *what, int max)
{
	host->why_set(s->why, "%s: more than %s = %d for key \"%.*s\"", host->settings_title(s->l->settings), what, max,
	    VIEW_ARG(s->results->key));
	return false;
}

/* Follows a DN or a URL to another entry. */
static bool
follow(struct search *s, const char *name)
{
	LDAPURLDesc *url = NULL;
	bool done;

	if (s->l->recursion_max > 0 && s->depth >= s->l->recursion_max)
		return limit_reached(s, "recursion_limit", s->l->recursion_max);
	s->depth++;
	if (ldap_is_ldap_url(name) && ldap_url_parse(name, &url) == LDAP_URL_SUCCESS) {
		done = search(s, url->lud_dn, url->lud_scope, url->lud_filter != NULL ? url->lud_filter : "(objectClass=*)");
		ldap_free_urldesc(url);
	} else {
		done = search(s, name, LDAP_SCOPE_BASE, "(objectClass=*)");
	}
	s->depth--;
	return done;
}

/* All values of some attributes of an entry. *any: there were some. */
static bool
each_value(struct search *s, LDAPMessage *entry, const struct words *names, bool special, bool *any)
{
	bool good = true;

	for (size_t i = 0; good && i < names->count; i++) {
		struct berval **values = ldap_get_values_len(s->l->connection, entry, names->list[i]);

		for (size_t v = 0; good && values != NULL && values[v] != NULL; v++) {
			*any = true;
			if (special)
				good = follow(s, values[v]->bv_val);
			else
				host->query_add(s->results, view_bytes(values[v]->bv_val, values[v]->bv_len));
		}
		ldap_value_free_len(values);
	}
	return good;
}

static bool
take_entry(struct search *s, LDAPMessage *entry)
{
	const struct words *attributes = s->l->attributes;
	bool terminal = false, special = false, any = false;

	if (s->l->size_max > 0 && ++s->entries > s->l->size_max)
		return limit_reached(s, "size_limit", s->l->size_max);
	if (!each_value(s, entry, &attributes[TERMINAL], false, &terminal) || terminal)
		return !terminal || s->results->count >= 0;
	if (!each_value(s, entry, &attributes[SPECIAL], true, &special))
		return false;
	if (!special && !each_value(s, entry, &attributes[LEAF], false, &any))
		return false;
	return each_value(s, entry, &attributes[PLAIN], false, &any);
}

/* Entries are taken in the order of the answer; one that is not there (any more) has no results. */
static bool
search(struct search *s, const char *base, int scope, const char *filter)
{
	struct timeval timeout = { .tv_sec = s->l->timeout_sec };
	LDAPMessage *answer = NULL;
	int error = ldap_search_ext_s(s->l->connection, base, scope, filter, s->l->wanted, 0, NULL, NULL, &timeout,
	    s->l->size_max, &answer);
	bool good = error == LDAP_SUCCESS || error == LDAP_NO_SUCH_OBJECT;

	if (!good)
		failed(s->l, "search", error, s->why);
	if (error == LDAP_SERVER_DOWN || error == LDAP_TIMEOUT || error == LDAP_UNAVAILABLE || error == LDAP_BUSY)
		s->entries = -1;			/* the connection is of no more use */
	for (LDAPMessage *entry = good ? ldap_first_entry(s->l->connection, answer) : NULL; good && entry != NULL;
	    entry = ldap_next_entry(s->l->connection, entry))
		good = take_entry(s, entry) && s->results->count >= 0;
	ldap_msgfree(answer);
	return good;
}

/* One try. *lost: the connection did not hold. */
static enum lookup
try_search(struct ldap *l, struct query_results *results, const char *base, const char *filter, bool *lost,
    struct buf *why)
{
	struct search s = { .l = l, .results = results, .why = why };
	bool good;

	host->query_begin(results, &l->query, results->key, results->value);
	good = search(&s, base, l->scope, filter);
	*lost = s.entries < 0;
	if (*lost)
		hang_up(l);
	return good || results->count < 0 ? host->query_end(results, why) : LOOKUP_RETRY;
}

/* A connection of before may have been closed meanwhile: that says nothing about its server. */
static enum lookup
ask(struct ldap *l, struct query_results *results, const char *base, const char *filter, struct buf *why)
{
	enum lookup result = LOOKUP_RETRY;
	bool lost = true;
	size_t next = 0;

	host->why_set(why, "%s: there is no server_host", host->settings_title(l->settings));
	while (lost && (l->connection != NULL || connect_any(l, &next, why)))
		result = try_search(l, results, base, filter, &lost, why);
	return lost ? LOOKUP_RETRY : result;
}

static enum lookup
ldap_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct ldap *l = state;
	struct buf base = { 0 }, filter = { 0 };
	struct query_results results = { .key = key, .value = value };
	enum lookup result = host->query_eligible(&l->query, key, why);

	if (result != LOOKUP_FOUND)
		return result;
	if ((result = host->query_expand(l->base, key, quote_dn, NULL, &base)) == LOOKUP_FOUND &&
	    (result = host->query_expand(l->filter, key, quote, NULL, &filter)) == LOOKUP_FOUND)
		result = ask(l, &results, base.data != NULL ? base.data : "", filter.data, why);
	host->buf_fini(&base);
	host->buf_fini(&filter);
	return result;
}

/* -- opening ---------------------------------------------------------------------------------------------------------- */

static void
split(struct words *words, const char *text)
{
	char *rest, *word;

	words->text = rest = host->mem_string(text);
	words->list = host->mem_new((strlen(text) / 2 + 2) * sizeof(*words->list));
	while ((word = strsep(&rest, ", \t\r\n")) != NULL)
		if (word[0] != '\0')
			words->list[words->count++] = word;
}

static void
read_attributes(struct ldap *l)
{
	static const char *const names[KINDS] = {
		[PLAIN] = "result_attribute", [SPECIAL] = "special_result_attribute",
		[TERMINAL] = "terminal_result_attribute", [LEAF] = "leaf_result_attribute",
	};
	size_t total = 0, at = 0;

	for (int i = 0; i < KINDS; i++) {
		split(&l->attributes[i], host->settings_text(l->settings, names[i], i == PLAIN ? "maildrop" : ""));
		total += l->attributes[i].count;
	}
	l->wanted = host->mem_new((total + 1) * sizeof(*l->wanted));
	for (int i = 0; i < KINDS; i++)
		for (size_t n = 0; n < l->attributes[i].count; n++)
			l->wanted[at++] = l->attributes[i].list[n];
}

/* server_host has URIs or plain names; those get server_port. */
static void
read_servers(struct ldap *l, int port)
{
	struct words names = { 0 };
	struct buf uris = { 0 };

	split(&names, host->settings_text(l->settings, "server_host", "localhost"));
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.list[i];
		bool uri = strstr(name, "://") != NULL, has_port = strrchr(name, ':') != NULL && name[strlen(name) - 1] != ']';

		if (uri)
			host->buf_printf(&uris, "%s%s", i > 0 ? " " : "", name);
		else if (has_port)
			host->buf_printf(&uris, "%sldap://%s", i > 0 ? " " : "", name);
		else
			host->buf_printf(&uris, "%sldap://%s:%d", i > 0 ? " " : "", name, port);
	}
	split(&l->uris, uris.data != NULL ? uris.data : "");
	host->buf_fini(&uris);
	host->mem_free(names.text);
	host->mem_free(names.list);
}

static bool
read_scope(struct ldap *l, struct buf *why)
{
	static const struct {
		const char *name;
		int scope;
	} scopes[] = {
		{ "sub", LDAP_SCOPE_SUBTREE }, { "base", LDAP_SCOPE_BASE }, { "one", LDAP_SCOPE_ONELEVEL },
	};
	const char *text = host->settings_text(l->settings, "scope", "sub");

	for (size_t i = 0; i < ARRAY_COUNT(scopes); i++) {
		if (strcasecmp(text, scopes[i].name) == 0) {
			l->scope = scopes[i].scope;
			return true;
		}
	}
	host->why_set(why, "%s: scope = %s: need sub, base or one", host->settings_title(l->settings), text);
	return false;
}

static bool
read_bind(struct ldap *l, struct buf *why)
{
	const char *text = host->settings_text(l->settings, "bind", "yes");

	l->sasl = strcasecmp(text, "sasl") == 0;
	l->bind = l->sasl || strcasecmp(text, "yes") == 0 || strcasecmp(text, "simple") == 0;
	if (!l->bind && strcasecmp(text, "no") != 0 && strcasecmp(text, "none") != 0) {
		host->why_set(why, "%s: bind = %s: need yes, no or sasl", host->settings_title(l->settings), text);
		return false;
	}
	return true;
}

/* What version 2 does not have. */
static void
raise_version(struct ldap *l)
{
	const char *what = l->start_tls ? "start_tls" : l->sasl ? "bind = sasl" : NULL;

	if (what == NULL || l->version >= 3)
		return;
	host->log_warn("%s: %s needs version = 3, which is used instead of %d", host->settings_title(l->settings), what,
	    l->version);
	l->version = 3;
}

static void
read_texts(struct ldap *l)
{
	struct settings *s = l->settings;

	l->base = host->settings_text(s, "search_base", "");
	l->filter = host->settings_text(s, "query_filter", "(mailacceptinggeneralid=%s)");
	l->bind_dn = host->settings_text(s, "bind_dn", "");
	l->password = host->settings_text(s, "bind_pw", "");
	l->mechanisms = host->settings_text(s, "sasl_mechs", NULL);
	l->realm = host->settings_text(s, "sasl_realm", NULL);
	l->authorise = host->settings_text(s, "sasl_authz_id", NULL);
}

static bool
configure(struct ldap *l, const struct table_env *env, struct buf *why)
{
	struct settings *s = l->settings;
	int port;

	read_texts(l);
	read_attributes(l);
	if (!host->query_open(&l->query, env, s, why) || !host->query_check(&l->query, "search_base", l->base, why) ||
	    !host->query_check(&l->query, "query_filter", l->filter, why) ||
	    !host->settings_number(s, "server_port", 0, 65535, DEFAULT_PORT, &port, why) ||
	    !host->settings_number(s, "version", 2, 3, 2, &l->version, why) ||
	    !host->settings_number(s, "timeout", 0, INT32_MAX, 10, &l->timeout_sec, why) ||
	    !host->settings_number(s, "recursion_limit", 1, INT32_MAX, 1000, &l->recursion_max, why) ||
	    !host->settings_number(s, "size_limit", 0, INT32_MAX, l->query.expansion_limit, &l->size_max, why) ||
	    !host->settings_number(s, "dereference", 0, 3, 0, &l->dereference, why) ||
	    !host->settings_number(s, "sasl_minssf", 0, 4096, 0, &l->min_ssf, why) ||
	    !host->settings_number(s, "debuglevel", 0, INT32_MAX, 0, &l->debug, why))
		return false;
	read_servers(l, port);
	if (!host->settings_yes(s, "chase_referrals", false, &l->chase, why) ||
	    !host->settings_yes(s, "start_tls", false, &l->start_tls, why) ||
	    !host->settings_yes(s, "tls_require_cert", false, &l->require_certificate, why) || !read_scope(l, why) ||
	    !read_bind(l, why))
		return false;
	raise_version(l);
	return true;
}

static void
ldap_close(void *state)
{
	struct ldap *l = state;

	hang_up(l);
	for (int i = 0; i < KINDS; i++) {
		host->mem_free(l->attributes[i].text);
		host->mem_free(l->attributes[i].list);
	}
	host->mem_free(l->wanted);
	host->mem_free(l->uris.text);
	host->mem_free(l->uris.list);
	host->query_close(&l->query);
	host->settings_free(l->settings);
	host->mem_free(l);
}

static void *
ldap_table_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits,
    struct buf *why)
{
	struct ldap *l = host->mem_new(sizeof(*l));

	sasl_client_init(NULL);		/* it loads plug-ins, which is too late at the first bind */
	if ((l->settings = host->settings_open(env, "ldap", name, why)) != NULL && configure(l, env, why)) {
		host->settings_traits(l->settings, traits);
		traits->remote = true;
		return l;
	}
	ldap_close(l);
	return NULL;
}

static const struct table_ops ops = { .lookup = ldap_lookup, .close = ldap_close };

static const struct table_type type = {
	.name = "ldap", .ops = &ops, .open = ldap_table_open, .promises = "net-connect unix-connect dns nss file-read",
};

extern const struct table_module table_module;
const struct table_module table_module = { TABLE_MODULE_ABI, &type, attach };
