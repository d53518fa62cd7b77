/*
 * Parameters: headers, MIME and content checks.
 */
#include "global/config/registry.h"

static const struct param rows[] = {
	{ "always_add_missing_headers", PARAM_BOOL, "no" },
	{ "body_checks", PARAM_TABLES, "" },
	{ "body_checks_size_limit", PARAM_INT, "51200" },
	{ "cleanup_replace_stray_cr_lf", PARAM_BOOL, "yes" },
	{ "detect_8bit_encoding_header", PARAM_BOOL, "yes" },
	{ "disable_mime_input_processing", PARAM_BOOL, "no" },
	{ "disable_mime_output_conversion", PARAM_BOOL, "no" },
	{ "enable_original_recipient", PARAM_BOOL, "yes" },
	{ "force_mime_input_conversion", PARAM_BOOL, "no" },
	{ "header_address_token_limit", PARAM_INT, "10240", .min = 1 },
	{ "header_checks", PARAM_TABLES, "" },
	{ "header_from_format", PARAM_STRING, "standard", .min = 1 },
	{ "header_size_limit", PARAM_INT, "102400", .min = 1 },
	{ "hopcount_limit", PARAM_INT, "50", .min = 1 },
	{ "message_drop_headers", PARAM_LIST, "bcc, content-length, resent-bcc, return-path" },
	{ "message_reject_characters", PARAM_STRING, "" },
	{ "message_strip_characters", PARAM_STRING, "" },
	{ "mime_boundary_length_limit", PARAM_INT, "2048", .min = 1 },
	{ "mime_header_checks", PARAM_TABLES, "$header_checks" },
	{ "mime_nesting_limit", PARAM_INT, "100", .min = 1 },
	{ "nested_header_checks", PARAM_TABLES, "$header_checks" },
	{ "receive_override_options", PARAM_LIST, "" },
	{ "strict_7bit_headers", PARAM_BOOL, "no" },
	{ "strict_8bitmime", PARAM_BOOL, "no" },
	{ "strict_8bitmime_body", PARAM_BOOL, "no" },
	{ "strict_mime_encoding_domain", PARAM_BOOL, "no" },
	{ "undisclosed_recipients_header", PARAM_STRING, "" },
};

const struct param_table param_table_content = { rows, ARRAY_COUNT(rows) };
