#include "smtpd/server.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dns/dns.h"
#include "global/client/anvil.h"
#include "service/service.h"
#include "util/log/log.h"
#include "util/process/process.h"

enum { ANVIL_TIMEOUT_MS = 10000 };	/* limits are not worth a longer wait */

static unsigned
cleanup_flags(const struct smtpd_config *config)
{
	unsigned flags = CLEANUP_EXTERNAL | CLEANUP_SMTP_REPLY;
	struct buf why = BUF_INIT;

	if (!cleanup_override(&flags, config->receive_override_options, &why))
		log_fatal("%s", buf_c(&why));
	return flags | cleanup_utf8_flags(config->smtputf8_enable, config->smtputf8_autodetect_classes, "smtpd");
}

static void
open_lists(struct smtpd_server *server, const struct table_env *env)
{
	const struct smtpd_config *config = server->config;

	server->bare_newline_exclusions = match_list_open(env, "smtpd_forbid_bare_newline_exclusions",
	    config->forbid_bare_newline_exclusions, 0);
	server->forbidden_commands = match_list_open(env, "smtpd_forbidden_commands", config->forbidden_commands, 0);
	server->noop_commands = match_list_open(env, "smtpd_noop_commands", config->noop_commands, 0);
	server->xclient_hosts = match_list_open(env, "smtpd_authorized_xclient_hosts", config->authorized_xclient_hosts, 0);
	server->xforward_hosts = match_list_open(env, "smtpd_authorized_xforward_hosts", config->authorized_xforward_hosts, 0);
	server->verp_clients = match_list_open(env, "smtpd_authorized_verp_clients", config->authorized_verp_clients, 0);
	server->limit_exceptions = match_list_open(env, "smtpd_client_event_limit_exceptions",
	    config->event_limit_exceptions, 0);
	server->command_filter = maps_open(env, "smtpd_command_filter", config->command_filter, TABLE_FOLD_FIXED);
	server->ehlo_maps = maps_open(env, "smtpd_discard_ehlo_keyword_address_maps",
	    config->discard_ehlo_keyword_address_maps, TABLE_FOLD_FIXED);
	server->reject_footers = maps_open(env, "smtpd_reject_footer_maps", config->reject_footer_maps, TABLE_FOLD_FIXED);
	server->reject_filter = maps_open(env, "smtpd_reject_filter_maps", config->reject_filter_maps, TABLE_FOLD_FIXED);
}

/* No client has a certificate here; and what announces a table is not needed to find it. */
static bool
is_without_meaning(struct view word)
{
	return view_is_nocase(word, "permit_tls_clientcerts") || view_is_nocase(word, "permit_tls_all_clientcerts")
	    || view_is_nocase(word, "check_address_map");
}

/* The tables of local_header_rewrite_clients; its keywords are the business of the access engine. */
static void
open_rewrite_clients(struct smtpd_server *server, const struct table_env *env)
{
	struct view rest = view_string(server->config->local_header_rewrite_clients), word;
	struct buf tables = BUF_INIT;

	while (view_word(&rest, ", \t\r\n", &word)) {
		if (view_is_nocase(word, "permit_mynetworks"))
			server->rewrite_mynetworks = true;
		else if (view_is_nocase(word, "permit_inet_interfaces"))
			server->rewrite_interfaces = true;
		else if (view_is_nocase(word, "permit_sasl_authenticated"))
			server->rewrite_logins = true;
		else if (view_find(word, ':') > 0)
			buf_printf(&tables, " %.*s", VIEW_ARG(word));
		else if (!is_without_meaning(word))
			log_warn("local_header_rewrite_clients: unknown word \"%.*s\"", VIEW_ARG(word));
	}
	server->rewrite_clients = maps_open(env, "local_header_rewrite_clients", buf_c(&tables), TABLE_FOLD_FIXED);
	buf_fini(&tables);
}

enum lookup
server_is_local_client(const struct smtpd_server *server, const struct peer *peer)
{
	enum lookup found = LOOKUP_NONE;
	struct buf value = BUF_INIT;

	if (server->rewrite_interfaces && access_is_interface(server->access, peer))
		return LOOKUP_FOUND;
	if (server->rewrite_mynetworks && (found = access_in_mynetworks(server->access, peer)) != LOOKUP_NONE)
		return found;
	if (!maps_empty(server->rewrite_clients)) {
		found = maps_lookup(server->rewrite_clients, buf_view(&peer->name), false, &value, NULL);
		if (found == LOOKUP_NONE)
			found = maps_lookup(server->rewrite_clients, buf_view(&peer->address), false, &value, NULL);
	}
	buf_fini(&value);
	return found;
}

static bool
limits_anything(const struct smtpd_config *config)
{
	return config->connection_count_limit > 0 || config->connection_rate_limit > 0 || config->message_rate_limit > 0
	    || config->recipient_rate_limit > 0;
}

/* Who runs us by hand as the mail system itself wants a server, with its rules. */
static bool
is_mail_owner(struct config *config)
{
	const char *name = config_string(config, "mail_owner", NULL);
	struct identity owner;
	bool same;

	if (name == NULL || !identity_of_user(name, &owner))
		return false;
	same = owner.uid == getuid();
	identity_fini(&owner);
	return same;
}

static void
connect_services(struct smtpd_server *server, bool standalone)
{
	const struct smtpd_config *config = server->config;
	msec_t timeout_ms = (msec_t)config->ipc_timeout_sec * 1000;
	struct buf path = BUF_INIT;

	buf_printf(&path, "public/%s", config->cleanup_service_name);
	server->receiver = standalone ? receiver_postdrop(config->command_directory) : receiver_cleanup(buf_c(&path), timeout_ms);
	buf_reset(&path);
	buf_printf(&path, "private/%s", config->rewrite_service_name);
	server->resolver = resolver_new(buf_c(&path), timeout_ms);
	if (limits_anything(config))
		server->anvil = anvil_new("private/anvil", ANVIL_TIMEOUT_MS);
	buf_fini(&path);
}

/* smtpd_dns_reply_filter: "IGNORE" drops a record; whatever else there is keeps it. */
static enum dns_filter_verdict
filter_record(void *arg, struct view record)
{
	struct buf value = BUF_INIT;
	enum lookup found = maps_lookup(arg, record, false, &value, NULL);
	bool drop = found == LOOKUP_FOUND && view_is_nocase(buf_view(&value), "IGNORE");

	if (found == LOOKUP_FOUND && !drop)
		log_warn("smtpd_dns_reply_filter: unknown action \"%s\" for %.*s", buf_c(&value), VIEW_ARG(record));
	buf_fini(&value);
	if (found == LOOKUP_RETRY)
		return DNS_FILTER_ERROR;
	return drop ? DNS_FILTER_DROP : DNS_FILTER_KEEP;
}

static void
open_dns_filter(struct smtpd_server *server, const struct table_env *env)
{
	server->dns_filter = maps_open(env, "smtpd_dns_reply_filter", server->config->dns_reply_filter, 0);
	if (!maps_empty(server->dns_filter))
		dns_set_filter(filter_record, server->dns_filter);
}

/*
 * Messages wait here for the filter. Opened before the sandbox, so that nothing else may be created; each message writes
 * over the one before.
 */
static int
open_spool(const struct smtpd_config *config)
{
	struct view rest = view_string(config->proxy_options), word;
	int fd = -1;

	while (view_word(&rest, ", \t\r\n", &word)) {
		if (!view_is_nocase(word, "speed_adjust"))
			log_fatal("smtpd_proxy_options: unknown word \"%.*s\"", VIEW_ARG(word));
		if (config->proxy_filter[0] != '\0' && fd == -1
		    && (fd = open("incoming", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) == -1)
			log_fatal("temporary file for proxy filter: %s", strerror(errno));
	}
	return fd;
}

static void
watch(struct table *table, void *arg)
{
	service_watch(arg, table);
}

/* A process that opened a table which is another one now makes room for a fresh process. */
static void
watch_tables(struct smtpd_server *server, struct service_context *ctx)
{
	struct maps *const maps[] = {
		server->command_filter, server->ehlo_maps, server->reject_footers, server->reject_filter,
		server->rewrite_clients, server->dns_filter,
	};
	struct table *table;

	access_each_table(server->access, watch, ctx);
	for (size_t i = 0; i < ARRAY_COUNT(maps); i++) {
		for (size_t t = 0; (table = maps_at(maps[i], t)) != NULL; t++)
			watch(table, ctx);
	}
}

static void
open_observers(struct smtpd_server *server, struct config *settings, const struct table_env *env)
{
	struct buf why = BUF_INIT;

	if (!config_bind(settings, transcript_bindings, &server->notices, &why)
	    || (server->debug_peers = debug_peers_open(settings, env, &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

/* Mail that was to be encrypted is not taken in clear. */
static bool
needs_tls(const struct smtpd_config *config)
{
	bool needed = config->enforce_tls || config->tls_wrappermode || strcasecmp(config->tls_security_level, "encrypt") == 0;

	if (needed)
		log_warn("TLS is required, but this server has none: all mail is refused");
	return needed;
}

/*
 * There is no milter client, so all of them are out of order, and milter_default_action says what that means:
 * mail that nobody looked at is not taken for mail that passed.
 */
static void
open_milters(struct smtpd_server *server)
{
	static const struct milter_refusal refusals[] = {
		{ "reject",	550, "5.5.0", "Service unavailable" },
		{ "tempfail",	451, "4.7.1", "Service unavailable - try again later" },
		{ "shutdown",	421, "4.7.1", "Service unavailable - try again later" },
	};
	const struct smtpd_config *config = server->config;

	if (config->milters[0] == '\0' || !(server->cleanup_flags & CLEANUP_MILTER))
		return;
	log_warn("smtpd_milters: this server cannot ask milters: milter_default_action = %s", config->milter_default_action);
	for (size_t i = 0; i < ARRAY_COUNT(refusals); i++)
		if (strcasecmp(refusals[i].action, config->milter_default_action) == 0)
			server->refusal = &refusals[i];
	if (strcasecmp(config->milter_default_action, "quarantine") == 0)
		server->cleanup_flags |= CLEANUP_HOLD;
}

struct smtpd_server *
server_open(struct service_context *ctx)
{
	struct smtpd_server *server = mem_new(sizeof(*server));
	const struct table_env *env = service_tables(ctx);

	server->config = service_config(ctx);
	server->service_name = service_name(ctx);
	if (server->config->upstream_proxy_protocol[0] != '\0'
	    && strcmp(server->config->upstream_proxy_protocol, "haproxy") != 0)
		log_fatal("smtpd_upstream_proxy_protocol = %s: the one known is haproxy", server->config->upstream_proxy_protocol);
	if (!smtpd_bare_newline_parse(server->config->forbid_bare_newline, &server->bare_newline))
		log_fatal("smtpd_forbid_bare_newline = %s: use no, note, yes, normalize or reject",
		    server->config->forbid_bare_newline);
	server->cleanup_flags = cleanup_flags(server->config);
	server->on_stdin = service_standalone(ctx);
	server->standalone = server->on_stdin && !is_mail_owner(service_settings(ctx));
	if (!server->standalone) {
		server->needs_tls = needs_tls(server->config);
		open_milters(server);
	}
	connect_services(server, server->standalone);
	open_observers(server, service_settings(ctx), env);
	server->access = access_open(env, service_settings(ctx), server->resolver);
	open_lists(server, env);
	open_rewrite_clients(server, env);
	open_dns_filter(server, env);
	server->spool = open_spool(server->config);
	watch_tables(server, ctx);
	return server;
}
