/*
 * qmqpd: receives mail by QMQP from the hosts that qmqpd_authorized_clients lists: a whole message with its envelope in one
 * request, one request per connection. Whoever is listed is believed: there are no further checks.
 */
#include "qmqpd/qmqpd.h"
#include "service/service.h"
#include "util/log/log.h"

static const struct binding bindings[] = {
	BIND_STRING(struct qmqpd_config, authorized_clients, "qmqpd_authorized_clients"),
	BIND_STRING(struct qmqpd_config, parent_domains, "parent_domain_matches_subdomains"),
	BIND_STRING(struct qmqpd_config, cleanup_service, "cleanup_service_name"),
	BIND_STRING(struct qmqpd_config, hostname, "myhostname"),
	BIND_STRING(struct qmqpd_config, mail_name, "mail_name"),
	BIND_STRING(struct qmqpd_config, content_filter, "content_filter"),
	BIND_STRING(struct qmqpd_config, overrides, "receive_override_options"),
	BIND_STRING(struct qmqpd_config, utf8_classes, "smtputf8_autodetect_classes"),
	BIND_STRING(struct qmqpd_config, verp_filter, "verp_delimiter_filter"),
	BIND_TIME(struct qmqpd_config, timeout_sec, "qmqpd_timeout"),
	BIND_TIME(struct qmqpd_config, error_delay_sec, "qmqpd_error_delay"),
	BIND_TIME(struct qmqpd_config, ipc_timeout_sec, "ipc_timeout"),
	BIND_INT(struct qmqpd_config, line_length_max, "line_length_limit"),
	BIND_LONG(struct qmqpd_config, size_limit, "message_size_limit"),
	BIND_BOOL(struct qmqpd_config, show_port, "qmqpd_client_port_logging"),
	BIND_BOOL(struct qmqpd_config, utf8, "smtputf8_enable"),
	BIND_BOOL(struct qmqpd_config, soft_bounce, "soft_bounce"),
	BIND_END
};

static unsigned
cleanup_flags(const struct qmqpd_config *config)
{
	unsigned flags = CLEANUP_EXTERNAL;
	struct buf why = BUF_INIT;

	if (!cleanup_override(&flags, config->overrides, &why))
		log_fatal("%s", buf_c(&why));
	return flags | cleanup_utf8_flags(config->utf8, config->utf8_classes, "qmqpd");
}

/* Does this feature let "domain" stand for what is below it? */
static unsigned
list_flags(const struct qmqpd_config *config, const char *feature)
{
	struct view rest = view_string(config->parent_domains), word;

	while (view_word(&rest, ", \t\r\n", &word)) {
		if (view_is_nocase(word, feature))
			return MATCH_PARENT_DOMAINS;
	}
	return 0;
}

static struct match_list *
open_list(struct service_context *ctx, const char *name, const char *list)
{
	return match_list_open(service_tables(ctx), name, list, list_flags(service_config(ctx), name));
}

static void
prepare(struct service_context *ctx)
{
	const struct qmqpd_config *config = service_config(ctx);
	struct qmqpd *server = mem_new(sizeof(*server));
	struct buf path = BUF_INIT, why = BUF_INIT;

	server->config = config;
	server->cleanup_flags = cleanup_flags(config);
	server->clients = open_list(ctx, "qmqpd_authorized_clients", config->authorized_clients);
	if ((server->debug_peers = debug_peers_open(service_settings(ctx), service_tables(ctx), &why)) == NULL)
		log_fatal("%s", buf_c(&why));
	buf_printf(&path, "public/%s", config->cleanup_service);
	server->cleanup = cleanup_client_new(buf_c(&path), (msec_t)config->ipc_timeout_sec * 1000);
	buf_fini(&path);
	buf_fini(&why);
	service_set_state(ctx, server);
}

static void
client(struct service_context *ctx, int fd)
{
	struct qmqpd *server = service_state(ctx);

	qmqpd_session(server, fd);
	cleanup_client_release(server->cleanup);
}

/* A table that is another one now makes room for a fresh process. */
static void
idle(struct service_context *ctx)
{
	const struct qmqpd *server = service_state(ctx);
	const char *which;

	if (!match_list_changed(server->clients, &which) && !debug_peers_changed(server->debug_peers, &which))
		return;
	log_info("table %s has changed -- restarting", which);
	service_retire(ctx);
}

static const struct service qmqpd_service = {
	.name = "qmqpd",
	.shape = SERVICE_SEQUENTIAL,
	.flags = SERVICE_STREAM,
	.bindings = bindings,
	.config_size = sizeof(struct qmqpd_config),
	.promises = "stdio unix-connect dns",
	.prepare = prepare,
	.client = client,
	.idle = idle,
};

int
main(int argc, char **argv)
{
	return service_main(&qmqpd_service, argc, argv);
}
