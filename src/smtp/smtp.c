/*
 * smtp: delivers mail to other hosts over SMTP, and under the name lmtp over LMTP.
 *
 *	deliver.c	one request over all its next hops and hosts; the session that is kept
 *	destination.c	next hop → hosts to try
 *	session.c	one connection: greeting, features, replies
 *	transaction.c	MAIL, RCPT, DATA, verdicts
 *	auth.c		AUTH
 *	content.c	queue file → lines on the wire, edited where that is asked for
 *	checks.c	smtp_header_checks and its relatives
 *	generic.c	smtp_generic_maps
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dns/dns.h"
#include "sasl/login.h"
#include "global/client/scache.h"
#include "global/config/compatibility.h"
#include "service/service.h"
#include "smtp/deliver.h"
#include "util/log/log.h"

/* One of our own parameters, by the part of its name behind "smtp_" or "lmtp_"; "" when it is not set. */
static const char *
setting(struct service_context *ctx, const struct client *client, const char *suffix, struct buf *name)
{
	struct buf why = BUF_INIT;
	const char *value;

	buf_reset(name);
	buf_printf(name, "%s_%s", client_prefix(client), suffix);
	value = config_string(service_settings(ctx), buf_c(name), &why);
	if (value == NULL)
		log_fatal("%s", buf_c(&why));
	return value;
}

static struct maps *
open_maps(struct service_context *ctx, const struct client *client, const char *suffix, unsigned flags)
{
	struct buf name = BUF_INIT;
	const char *list = setting(ctx, client, suffix, &name);
	struct maps *maps = *list != '\0' ? maps_open(service_tables(ctx), buf_c(&name), list, flags) : NULL;
	struct table *table;

	for (size_t i = 0; maps != NULL && (table = maps_at(maps, i)) != NULL; i++)
		service_watch(ctx, table);
	buf_fini(&name);
	return maps;
}

/* generic maps, and what tells which users are our own */
static void
open_generic(struct service_context *ctx, struct client *client)
{
	struct buf why = BUF_INIT;

	client->generic = open_maps(ctx, client, "generic_maps", TABLE_FOLD_FIXED);
	if (client->generic == NULL)
		return;
	client->mydestination = match_list_open(service_tables(ctx), "mydestination", client->config->mydestination, 0);
	if (!own_addresses(service_settings(ctx), &client->own, &why))
		log_fatal("%s", buf_c(&why));
	buf_fini(&why);
}

static void
open_tables(struct service_context *ctx, struct client *client)
{
	struct buf name = BUF_INIT;
	const char *list = setting(ctx, client, "connection_cache_destinations", &name);

	if (*list != '\0')
		client->cache_destinations = match_list_open(service_tables(ctx), buf_c(&name), list, 0);
	list = setting(ctx, client, "sasl_mechanism_filter", &name);
	if (*list != '\0')
		client->mechanisms = match_list_open(service_tables(ctx), buf_c(&name), list, 0);
	client->passwords = open_maps(ctx, client, "sasl_password_maps", TABLE_FOLD_FIXED);
	open_generic(ctx, client);
	client->discarded_keywords = open_maps(ctx, client,
	    client->lmtp ? "discard_lhlo_keyword_address_maps" : "discard_ehlo_keyword_address_maps", 0);
	client->reply_filter = open_maps(ctx, client, "reply_filter", 0);
	client->dns_filter = open_maps(ctx, client, "dns_reply_filter", 0);
	client->tls_policy = open_maps(ctx, client, "tls_policy_maps", TABLE_FOLD_FIXED);
	client->tls_per_site = open_maps(ctx, client, "tls_per_site", TABLE_FOLD_FIXED);
	client->pix_workarounds = open_maps(ctx, client, "pix_workaround_maps", 0);
	client->checks[CHECK_HEADER] = open_maps(ctx, client, "header_checks", 0);
	client->checks[CHECK_MIME_HEADER] = open_maps(ctx, client, "mime_header_checks", 0);
	client->checks[CHECK_NESTED_HEADER] = open_maps(ctx, client, "nested_header_checks", 0);
	client->checks[CHECK_BODY] = open_maps(ctx, client, "body_checks", 0);
	buf_fini(&name);
}

/* smtp_dns_reply_filter: a table of records, whose only answer is IGNORE. */
static enum dns_filter_verdict
filter_record(void *arg, struct view record)
{
	const struct client *client = arg;
	struct buf answer = BUF_INIT;
	enum lookup found = maps_lookup(client->dns_filter, record, false, &answer, NULL);
	bool ignored = found == LOOKUP_FOUND && view_is_nocase(view_trim(buf_view(&answer)), "IGNORE");

	if (found == LOOKUP_FOUND && !ignored)
		log_warn("%s_dns_reply_filter: bad command: %s", client_prefix(client), buf_c(&answer));
	buf_fini(&answer);
	if (found == LOOKUP_NONE)
		return DNS_FILTER_KEEP;
	return ignored ? DNS_FILTER_DROP : DNS_FILTER_ERROR;
}

/* Plug-ins are loaded while files can be seen. Without them mail waits, rather than go without a login. */
static void
prepare_login(struct client *client)
{
	struct buf why = BUF_INIT;

	if (!client->config->sasl_auth_enable)
		return;
	if (strcmp(client->config->sasl_type, "cyrus") != 0)
		log_fatal("%s_sasl_type: unsupported SASL type \"%s\"", client_prefix(client), client->config->sasl_type);
	if (!login_security_parse(client->config->sasl_security, &client->sasl_security, &why))
		log_fatal("%s_sasl_security_options: %s", client_prefix(client), buf_c(&why));
	if (!login_prepare(&why))
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
}

/* Sessions are shared for the destinations that are listed; for all others affinity must do. */
static void
prepare_cache(struct service_context *ctx, struct agent *agent)
{
	const struct smtp_config *config = agent->client.config;
	struct buf path = BUF_INIT;

	if (agent->client.cache_destinations == NULL)
		return;
	buf_printf(&path, "private/%s", config->cache_service);
	agent->scache = scache_new(buf_c(&path), (msec_t)config->cache_protocol_timeout_sec * 1000);
	service_promise(ctx, "unix-connect");
	buf_fini(&path);
}

/* Names are asked for as they are, unless somebody still counts on resolv.conf to complete them. */
static void
prepare_resolver(struct client *client)
{
	struct view rest = view_string(client->config->resolver_options), word;
	bool complete_labels = false, search = false;

	while (view_word(&rest, ", \t\r\n", &word)) {
		if (view_is(word, "res_defnames"))
			complete_labels = true;
		else if (view_is(word, "res_dnsrch"))
			search = true;
		else
			log_fatal("%s_dns_resolver_options: unknown option \"%.*s\"", client_prefix(client), VIEW_ARG(word));
	}
	dns_set_search(complete_labels, search);
	if (client->dns_filter != NULL)
		dns_set_filter(filter_record, client);
}

/* Who hears of what is said, besides the two sides. */
static void
prepare_listeners(struct service_context *ctx, struct client *client)
{
	struct buf why = BUF_INIT;

	if (!config_bind(service_settings(ctx), transcript_bindings, &client->notices, &why)
	    || (client->debug_peers = debug_peers_open(service_settings(ctx), service_tables(ctx), &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	if (transcript_classes(client->notices.classes) != 0 || client->config->best_mx_transport[0] != '\0')
		service_promise(ctx, "unix-connect");
	buf_fini(&why);
}

static void
seed_random(void)
{
	unsigned seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) == sizeof(seed))
		srandom(seed);
}

static void
prepare(struct service_context *ctx, bool lmtp)
{
	struct agent *agent = mem_new(sizeof(*agent));
	struct client *client = &agent->client;
	struct buf why = BUF_INIT;

	client->config = service_config(ctx);
	client->service_name = service_name(ctx);
	client->lmtp = lmtp;
	if (!lmtp && compatibility_old_default(service_settings(ctx), "smtp_tls_security_level"))
		compatibility_log("smtp_tls_security_level=(empty)");
	if (!delivery_agent_prepare(service_settings(ctx), &why))
		log_fatal("%s", buf_c(&why));
	open_tables(ctx, client);
	prepare_resolver(client);
	prepare_listeners(ctx, client);
	prepare_cache(ctx, agent);
	prepare_login(client);
	seed_random();
	service_set_state(ctx, agent);
	buf_fini(&why);
}

static void
prepare_smtp(struct service_context *ctx)
{
	prepare(ctx, false);
}

static void
prepare_lmtp(struct service_context *ctx)
{
	prepare(ctx, true);
}

static enum service_answer
serve(struct service_context *ctx, struct channel *channel, const struct frame *request)
{
	return delivery_agent_serve(service_state(ctx), channel, request, smtp_deliver) ? SERVICE_DONE : SERVICE_HANG_UP;
}

static void
idle(struct service_context *ctx)
{
	smtp_expire_kept(service_state(ctx));
}

static void
stop(struct service_context *ctx)
{
	smtp_drop_kept(service_state(ctx));
}

static const char promises[] = "stdio queue-write net-connect dns";

static const struct service smtp_service = {
	.name = "smtp",
	.shape = SERVICE_SEQUENTIAL,
	.protocol = &delivery_protocol,
	.bindings = smtp_bindings,
	.config_size = sizeof(struct smtp_config),
	.promises = promises,
	.prepare = prepare_smtp,
	.serve = serve,
	.idle = idle,
	.stop = stop,
};

static const struct service lmtp_service = {
	.name = "lmtp",
	.shape = SERVICE_SEQUENTIAL,
	.protocol = &delivery_protocol,
	.bindings = lmtp_bindings,
	.config_size = sizeof(struct smtp_config),
	.promises = promises,
	.prepare = prepare_lmtp,
	.serve = serve,
	.idle = idle,
	.stop = stop,
};

int
main(int argc, char **argv)
{
	const char *name = argc > 0 ? argv[0] : "smtp", *slash = strrchr(name, '/');

	name = slash != NULL ? slash + 1 : name;
	return service_main(strcmp(name, "lmtp") == 0 ? &lmtp_service : &smtp_service, argc, argv);
}
