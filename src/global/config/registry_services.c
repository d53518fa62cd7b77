/*
 * Parameters: under which name one service finds another.
 */
#include "global/config/registry.h"

static const struct param rows[] = {
	{ "address_verify_service_name", PARAM_STRING, "verify", .min = 1 },
	{ "bounce_service_name", PARAM_STRING, "bounce", .min = 1 },
	{ "cleanup_service_name", PARAM_STRING, "cleanup", .min = 1 },
	{ "connection_cache_service_name", PARAM_STRING, "scache", .min = 1 },
	{ "defer_service_name", PARAM_STRING, "defer", .min = 1 },
	{ "dnsblog_service_name", PARAM_STRING, "dnsblog", .min = 1 },
	{ "error_service_name", PARAM_STRING, "error", .min = 1 },
	{ "flush_service_name", PARAM_STRING, "flush", .min = 1 },
	{ "non_bdb_migration_service_name", PARAM_STRING, "nbdb_reindex" },
	{ "pickup_service_name", PARAM_STRING, "pickup", .min = 1 },
	{ "postlog_service_name", PARAM_STRING, "postlog", .min = 1 },
	{ "proxymap_service_name", PARAM_STRING, "proxymap", .min = 1 },
	{ "proxywrite_service_name", PARAM_STRING, "proxywrite", .min = 1 },
	{ "queue_service_name", PARAM_STRING, "qmgr", .min = 1 },
	{ "rewrite_service_name", PARAM_STRING, "rewrite", .min = 1 },
	{ "showq_service_name", PARAM_STRING, "showq", .min = 1 },
	{ "smtpd_service_name", PARAM_STRING, "smtpd", .min = 1 },
	{ "tlsmgr_service_name", PARAM_STRING, "tlsmgr", .min = 1 },
	{ "tlsproxy_service_name", PARAM_STRING, "tlsproxy", .min = 1 },
	{ "trace_service_name", PARAM_STRING, "trace", .min = 1 },
};

const struct param_table param_table_services = { rows, ARRAY_COUNT(rows) };
