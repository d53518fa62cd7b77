/*
 * Parameters: bounces, notices and VERP.
 */
#include "global/config/registry.h"

static const struct param rows[] = {
	{ "2bounce_notice_recipient", PARAM_STRING, "postmaster", .min = 1 },
	{ "backwards_bounce_logfile_compatibility", PARAM_BOOL, "yes" },
	{ "bounce_notice_recipient", PARAM_STRING, "postmaster", .min = 1 },
	{ "bounce_queue_lifetime", PARAM_TIME, "5d", .unit = 'd', .max = 8640000 },
	{ "bounce_size_limit", PARAM_INT, "50000", .min = 1 },
	{ "bounce_template_file", PARAM_PATH, "" },
	{ "confirm_delay_cleared", PARAM_BOOL, "no" },
	{ "default_verp_delimiters", PARAM_STRING, "+=", .min = 2, .max = 2 },
	{ "delay_notice_recipient", PARAM_STRING, "postmaster", .min = 1 },
	{ "delay_warning_time", PARAM_TIME, "0h", .unit = 'h' },
	{ "disable_verp_bounces", PARAM_BOOL, "no" },
	{ "double_bounce_sender", PARAM_STRING, "double-bounce", .min = 1 },
	{ "enable_threaded_bounces", PARAM_BOOL_DERIVED, "no" },
	{ "error_notice_recipient", PARAM_STRING, "postmaster", .min = 1 },
	{ "notify_classes", PARAM_LIST, "resource, software" },
	{ "soft_bounce", PARAM_BOOL, "no" },
	{ "verp_delimiter_filter", PARAM_STRING, "-=+", .min = 1 },
};

const struct param_table param_table_bounce = { rows, ARRAY_COUNT(rows) };
