/*
 * Parameters: address verification.
 */
#include "global/config/registry.h"

static const struct param rows[] = {
	{ "address_verify_cache_cleanup_interval", PARAM_TIME, "12h", .unit = 'h' },
	{ "address_verify_default_transport", PARAM_STRING, "$default_transport", .min = 1 },
	{ "address_verify_local_transport", PARAM_STRING, "$local_transport", .min = 1 },
	{ "address_verify_map", PARAM_TABLES,
	    "$default_cache_db_type:$data_directory/verify_cache" },
	{ "address_verify_negative_cache", PARAM_BOOL, "yes" },
	{ "address_verify_negative_expire_time", PARAM_TIME, "3d", .unit = 'd', .min = 1 },
	{ "address_verify_negative_refresh_time", PARAM_TIME, "3h", .unit = 'h', .min = 1 },
	{ "address_verify_pending_request_limit", PARAM_INT, "5000", .min = 1 },
	{ "address_verify_poll_count", PARAM_INT_DERIVED, "${stress?{1}:{3}}", .min = 1 },
	{ "address_verify_poll_delay", PARAM_TIME, "3s", .unit = 's', .min = 1 },
	{ "address_verify_positive_expire_time", PARAM_TIME, "31d", .unit = 'd', .min = 1 },
	{ "address_verify_positive_refresh_time", PARAM_TIME, "7d", .unit = 'd', .min = 1 },
	{ "address_verify_relay_transport", PARAM_STRING, "$relay_transport", .min = 1 },
	{ "address_verify_relayhost", PARAM_STRING, "$relayhost" },
	{ "address_verify_sender", PARAM_STRING, "$double_bounce_sender" },
	{ "address_verify_sender_dependent_default_transport_maps", PARAM_TABLES,
	    "$sender_dependent_default_transport_maps" },
	{ "address_verify_sender_dependent_relayhost_maps", PARAM_TABLES,
	    "$sender_dependent_relayhost_maps" },
	{ "address_verify_sender_ttl", PARAM_TIME, "0s", .unit = 's' },
	{ "address_verify_transport_maps", PARAM_TABLES, "$transport_maps" },
	{ "address_verify_virtual_transport", PARAM_STRING, "$virtual_transport", .min = 1 },
};

const struct param_table param_table_verify = { rows, ARRAY_COUNT(rows) };
