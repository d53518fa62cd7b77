/*
 * Parameters: milters.
 */
#include "global/config/registry.h"

static const struct param rows[] = {
	{ "internal_mail_filter_classes", PARAM_LIST, "" },
	{ "milter_command_timeout", PARAM_TIME, "30s", .unit = 's', .min = 1 },
	{ "milter_connect_macros", PARAM_LIST, "j {daemon_name} {daemon_addr} v _" },
	{ "milter_connect_timeout", PARAM_TIME, "30s", .unit = 's', .min = 1 },
	{ "milter_content_timeout", PARAM_TIME, "300s", .unit = 's', .min = 1 },
	{ "milter_data_macros", PARAM_LIST, "i" },
	{ "milter_default_action", PARAM_STRING, "shutdown", .min = 1 },
	{ "milter_end_of_data_macros", PARAM_LIST, "i" },
	{ "milter_end_of_header_macros", PARAM_LIST, "i" },
	{ "milter_header_checks", PARAM_TABLES, "" },
	{ "milter_helo_macros", PARAM_LIST,
	    "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}" },
	{ "milter_macro_daemon_name", PARAM_STRING, "$myhostname", .min = 1 },
	{ "milter_macro_defaults", PARAM_STRING, "" },
	{ "milter_macro_v", PARAM_STRING, "$mail_name $mail_version", .min = 1 },
	{ "milter_mail_macros", PARAM_LIST,
	    "i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} "
	    "{mail_mailer}" },
	{ "milter_protocol", PARAM_STRING, "6", .min = 1 },
	{ "milter_rcpt_macros", PARAM_LIST, "i {rcpt_addr} {rcpt_host} {rcpt_mailer}" },
	{ "milter_unknown_command_macros", PARAM_LIST, "" },
	{ "non_empty_end_of_header_action", PARAM_STRING, "fix_quietly", .min = 1 },
	{ "non_smtpd_milters", PARAM_LIST, "" },
};

const struct param_table param_table_milter = { rows, ARRAY_COUNT(rows) };
