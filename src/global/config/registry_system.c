/*
 * Parameters: paths, names, logs, instances, processes and limits of all programs.
 */
#include <config.h>	/* the build's own, not that of this folder */
#include "global/config/registry.h"

#ifdef HAVE_DB
#define DATABASE_TYPE	"hash"
#define CACHE_TYPE	"btree"
#else
#define DATABASE_TYPE	"lmdb"
#define CACHE_TYPE	"lmdb"
#endif

static const struct param rows[] = {
	{ "alternate_config_directories", PARAM_STRING, "" },
	{ "anvil_rate_time_unit", PARAM_TIME, "60s", .unit = 's', .min = 1 },
	{ "anvil_status_update_time", PARAM_TIME, "600s", .unit = 's', .min = 1 },
	{ "application_event_drain_time", PARAM_TIME, "100s", .unit = 's', .min = 1 },
	{ "authorized_mailq_users", PARAM_LIST, "static:anyone" },
	{ "authorized_submit_users", PARAM_LIST, "static:anyone" },
	{ "berkeley_db_create_buffer_size", PARAM_INT, "16777216", .min = 1 },
	{ "berkeley_db_read_buffer_size", PARAM_INT, "131072", .min = 1 },
	{ "command_directory", PARAM_PATH, DEFAULT_COMMAND_DIRECTORY, .min = 1 },
	{ "compatibility_level", PARAM_STRING, "0" },
	{ "config_directory", PARAM_PATH, NULL },
	{ "daemon_directory", PARAM_PATH, DEFAULT_DAEMON_DIRECTORY, .min = 1 },
	{ "daemon_table_open_error_is_fatal", PARAM_BOOL, "no" },
	{ "daemon_timeout", PARAM_TIME, "18000s", .unit = 's', .min = 1 },
	{ "data_directory", PARAM_PATH, DEFAULT_DATA_DIRECTORY, .min = 1 },
	{ "debug_peer_level", PARAM_INT, "2", .min = 1 },
	{ "debug_peer_list", PARAM_LIST, "" },
	{ "debugger_command", PARAM_RAW_COMMAND, "" },
	{ "default_cache_db_type", PARAM_STRING, CACHE_TYPE, .min = 1 },
	{ "default_database_type", PARAM_STRING, DATABASE_TYPE, .min = 1 },
	{ "default_delivery_status_filter", PARAM_TABLES, "" },
	{ "default_process_limit", PARAM_INT, "100", .min = 1 },
	{ "deliver_lock_attempts", PARAM_INT, "20", .min = 1 },
	{ "deliver_lock_delay", PARAM_TIME, "1s", .unit = 's', .min = 1 },
	{ "dont_remove", PARAM_INT, "0" },
	{ "export_environment", PARAM_LIST, "TZ MAIL_CONFIG LANG" },
	{ "fault_injection_code", PARAM_INT, "0" },
	{ "fork_attempts", PARAM_INT, "5", .min = 1 },
	{ "fork_delay", PARAM_TIME, "1s", .unit = 's', .min = 1 },
	{ "full_name_encoding_charset", PARAM_STRING, "utf-8", .min = 1 },
	{ "html_directory", PARAM_PATH, "no", .min = 1 },
	{ "import_environment", PARAM_LIST,
	    "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C "
	    "POSTLOG_SERVICE POSTLOG_HOSTNAME XDG_RUNTIME_DIR" },
	{ "info_log_address_format", PARAM_STRING, "external", .min = 1 },
	{ "ipc_idle", PARAM_TIME, "5s", .unit = 's', .min = 1 },
	{ "ipc_timeout", PARAM_TIME, "3600s", .unit = 's', .min = 1 },
	{ "ipc_ttl", PARAM_TIME, "1000s", .unit = 's', .min = 1 },
	{ "known_tcp_ports", PARAM_STRING,
	    "lmtp=24, smtp=25, smtps=submissions=465, submission=587" },
	{ "line_length_limit", PARAM_INT, "2048", .min = 512 },
	{ "lmdb_map_size", PARAM_LONG, "16777216", .min = 1 },
	{ "mail_name", PARAM_STRING, "Posthaste", .min = 1 },
	{ "mail_owner", PARAM_STRING, "postfix", .min = 1 },
	{ "mail_release_date", PARAM_READ_ONLY, "20260821" },
	{ "mail_version", PARAM_READ_ONLY, COMPATIBLE_MAIL_VERSION },
	{ "maillog_file", PARAM_PATH, "" },
	{ "maillog_file_compressor", PARAM_STRING, "gzip", .min = 1 },
	{ "maillog_file_permissions", PARAM_STRING, "0600", .min = 1 },
	{ "maillog_file_prefixes", PARAM_STRING, "/var, /dev/stdout", .min = 1 },
	{ "maillog_file_rotate_suffix", PARAM_STRING, "%Y%m%d-%H%M%S", .min = 1 },
	{ "mailq_path", PARAM_PATH, DEFAULT_MAILQ_PATH, .min = 1 },
	{ "manpage_directory", PARAM_PATH, "/usr/share/man", .min = 1 },
	{ "master_service_disable", PARAM_STRING, "" },
	{ "max_idle", PARAM_TIME, "100s", .unit = 's', .min = 1 },
	{ "max_use", PARAM_INT, "100", .min = 1 },
	{ "meta_directory", PARAM_PATH, DEFAULT_CONFIG_DIRECTORY, .min = 1 },
	{ "multi_instance_directories", PARAM_STRING, "" },
	{ "multi_instance_enable", PARAM_BOOL, "no" },
	{ "multi_instance_group", PARAM_STRING, "" },
	{ "multi_instance_name", PARAM_STRING, "" },
	{ "multi_instance_wrapper", PARAM_STRING, "" },
	{ "newaliases_path", PARAM_PATH, DEFAULT_NEWALIASES_PATH, .min = 1 },
	{ "non_bdb_custom_mapping", PARAM_STRING, "" },
	{ "non_bdb_migration_allow_root_prefixes", PARAM_STRING, "/etc /usr/local/etc" },
	{ "non_bdb_migration_allow_user_prefixes", PARAM_STRING,
	    "$data_directory /var/lib/mailman /var/lib/mailman3" },
	{ "non_bdb_migration_level", PARAM_STRING, "disable", .min = 1 },
	{ "non_bdb_migration_log_redirect", PARAM_BOOL_DERIVED, "yes" },
	{ "posthaste_version", PARAM_READ_ONLY, POSTHASTE_VERSION },
	{ "postlogd_watchdog_timeout", PARAM_TIME, "10s", .unit = 's', .min = 10 },
	{ "postmulti_control_commands", PARAM_LIST, "reload flush" },
	{ "postmulti_start_commands", PARAM_LIST, "start" },
	{ "postmulti_stop_commands", PARAM_LIST, "stop abort drain quick-stop" },
	{ "process_id", PARAM_READ_ONLY_INT, NULL },
	{ "process_id_directory", PARAM_PATH, "pid", .min = 1 },
	{ "process_name", PARAM_READ_ONLY, NULL },
	{ "proxy_read_maps", PARAM_TABLES,
	    "$local_recipient_maps $mydestination $virtual_alias_maps "
	    "$virtual_alias_domains $virtual_mailbox_maps $virtual_mailbox_domains "
	    "$relay_recipient_maps $relay_domains $canonical_maps "
	    "$sender_canonical_maps $recipient_canonical_maps $relocated_maps "
	    "$transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps "
	    "$recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps "
	    "$smtpd_client_restrictions $smtpd_helo_restrictions "
	    "$smtpd_sender_restrictions $smtpd_relay_restrictions "
	    "$smtpd_recipient_restrictions "
	    "$address_verify_sender_dependent_default_transport_maps "
	    "$address_verify_sender_dependent_relayhost_maps "
	    "$address_verify_transport_maps $fallback_transport_maps "
	    "$lmtp_discard_lhlo_keyword_address_maps $lmtp_pix_workaround_maps "
	    "$lmtp_sasl_password_maps $lmtp_tls_policy_maps $mailbox_command_maps "
	    "$mailbox_transport_maps $postscreen_discard_ehlo_keyword_address_maps "
	    "$rbl_reply_maps $sender_dependent_default_transport_maps "
	    "$sender_dependent_relayhost_maps "
	    "$smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps "
	    "$smtp_sasl_password_maps $smtp_tls_policy_maps "
	    "$smtpd_discard_ehlo_keyword_address_maps $smtpd_milter_maps "
	    "$virtual_gid_maps $virtual_uid_maps $local_login_sender_maps "
	    "$postscreen_reject_footer_maps $smtpd_reject_footer_maps "
	    "$tls_server_sni_maps $tlsproxy_client_policy_maps "
	    "$default_delivery_status_filter $lmtp_delivery_status_filter "
	    "$lmtp_dns_reply_filter $lmtp_reply_filter $local_delivery_status_filter "
	    "$pipe_delivery_status_filter $postscreen_command_filter "
	    "$smtp_delivery_status_filter $smtp_dns_reply_filter $smtp_reply_filter "
	    "$smtpd_command_filter $smtpd_dns_reply_filter "
	    "$virtual_delivery_status_filter $body_checks $header_checks "
	    "$lmtp_body_checks $lmtp_header_checks $lmtp_mime_header_checks "
	    "$lmtp_nested_header_checks $milter_header_checks $mime_header_checks "
	    "$nested_header_checks $smtp_body_checks $smtp_header_checks "
	    "$smtp_mime_header_checks $smtp_nested_header_checks "
	    "$smtpd_reject_filter_maps $debug_peer_list $smtpd_etrn_restrictions "
	    "$fast_flush_domains $authorized_flush_users "
	    "$lmtp_connection_cache_destinations $local_header_rewrite_clients "
	    "$masquerade_exceptions $postscreen_access_list "
	    "$postscreen_allowlist_interfaces $postscreen_forbidden_commands "
	    "$qmqpd_authorized_clients $authorized_mailq_users "
	    "$smtp_connection_cache_destinations $smtpd_log_access_permit_actions "
	    "$smtpd_forbidden_commands $smtpd_client_event_limit_exceptions "
	    "$smtpd_sasl_exceptions_networks $smtpd_sasl_mechanism_filter "
	    "$smtp_requiretls_policy $smtp_sasl_mechanism_filter "
	    "$authorized_submit_users $smtpd_authorized_verp_clients "
	    "$smtpd_authorized_xclient_hosts $smtpd_authorized_xforward_hosts "
	    "$lmtp_tls_loglevel_maps $postscreen_tls_loglevel_maps "
	    "$smtp_tls_loglevel_maps $smtpd_tls_loglevel_maps" },
	{ "proxy_write_maps", PARAM_TABLES,
	    "$smtp_sasl_auth_cache_name $lmtp_sasl_auth_cache_name "
	    "$address_verify_map $postscreen_cache_map" },
	{ "readme_directory", PARAM_PATH, "no", .min = 1 },
	{ "respectful_logging", PARAM_BOOL_DERIVED,
	    "${{$compatibility_level} <level {3.6} ? {no} : {yes}}" },
	{ "sample_directory", PARAM_PATH, DEFAULT_CONFIG_DIRECTORY, .min = 1 },
	{ "sandbox", PARAM_KEYWORD, "yes" },
	{ "sendmail_fix_line_endings", PARAM_STRING, "always", .min = 1 },
	{ "sendmail_path", PARAM_PATH, DEFAULT_SENDMAIL_PATH, .min = 1 },
	{ "service_name", PARAM_READ_ONLY, NULL },
	{ "service_throttle_time", PARAM_TIME, "60s", .unit = 's', .min = 1 },
	{ "setgid_group", PARAM_STRING, "postdrop", .min = 1 },
	{ "shlib_directory", PARAM_PATH, DEFAULT_SHLIB_DIRECTORY, .min = 1 },
	{ "socketmap_max_query_size", PARAM_INT, "10000", .min = 1 },
	{ "socketmap_max_reply_size", PARAM_INT, "100000", .min = 1 },
	{ "stale_lock_time", PARAM_TIME, "500s", .unit = 's', .min = 1 },
	{ "stress", PARAM_STRING, "" },
	{ "syslog_facility", PARAM_STRING, "mail", .min = 1 },
	{ "syslog_name", PARAM_STRING,
	    "${multi_instance_name?{$multi_instance_name}:{postfix}}", .min = 1 },
	{ "tcp_windowsize", PARAM_INT, "0" },
};

const struct param_table param_table_system = { rows, ARRAY_COUNT(rows) };
