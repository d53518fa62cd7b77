/*
 * Parameters: the queue, its manager and flush.
 */
#include <config.h>	/* the build's own, not that of this folder */
#include "global/config/registry.h"

static const struct param rows[] = {
	{ "allow_min_user", PARAM_BOOL, "no" },
	{ "authorized_flush_users", PARAM_LIST, "static:anyone" },
	{ "delay_logging_resolution_limit", PARAM_INT, "2", .max = 6 },
	{ "enable_long_queue_ids", PARAM_BOOL, "no" },
	{ "fast_flush_domains", PARAM_LIST, "$relay_domains" },
	{ "fast_flush_purge_time", PARAM_TIME, "7d", .unit = 'd', .min = 1 },
	{ "fast_flush_refresh_time", PARAM_TIME, "12h", .unit = 'h', .min = 1 },
	{ "hash_queue_depth", PARAM_INT, "1", .min = 1 },
	{ "hash_queue_names", PARAM_LIST, "deferred, defer", .min = 1 },
	{ "in_flow_delay", PARAM_TIME, "1s", .unit = 's', .max = 10 },
	{ "maximal_backoff_time", PARAM_TIME, "4000s", .unit = 's', .min = 1 },
	{ "maximal_queue_lifetime", PARAM_TIME, "5d", .unit = 'd', .max = 8640000 },
	{ "message_size_limit", PARAM_LONG, "10240000" },
	{ "minimal_backoff_time", PARAM_TIME, "300s", .unit = 's', .min = 1 },
	{ "qmgr_clog_warn_time", PARAM_TIME, "300s", .unit = 's' },
	{ "qmgr_daemon_timeout", PARAM_TIME, "1000s", .unit = 's', .min = 1 },
	{ "qmgr_fudge_factor", PARAM_INT, "100", .min = 10, .max = 100 },
	{ "qmgr_ipc_timeout", PARAM_TIME, "60s", .unit = 's', .min = 1 },
	{ "qmgr_message_active_limit", PARAM_INT, "20000", .min = 1 },
	{ "qmgr_message_recipient_limit", PARAM_INT, "20000", .min = 1 },
	{ "qmgr_message_recipient_minimum", PARAM_INT, "10", .min = 1 },
	{ "queue_directory", PARAM_PATH, DEFAULT_QUEUE_DIRECTORY, .min = 1 },
	{ "queue_file_attribute_count_limit", PARAM_INT, "100", .min = 1 },
	{ "queue_minfree", PARAM_LONG, "0" },
	{ "queue_run_delay", PARAM_TIME, "300s", .unit = 's', .min = 1 },
	{ "trigger_timeout", PARAM_TIME, "10s", .unit = 's', .min = 1 },
};

const struct param_table param_table_queue = { rows, ARRAY_COUNT(rows) };
