#include "smtpd/config.h"

#define STRING(member, name)	BIND_STRING(struct smtpd_config, member, name)
#define INT(member, name)	BIND_INT(struct smtpd_config, member, name)
#define BOOL(member, name)	BIND_BOOL(struct smtpd_config, member, name)
#define TIME(member, name)	BIND_TIME(struct smtpd_config, member, name)
#define LONG(member, name)	BIND_LONG(struct smtpd_config, member, name)

const struct binding smtpd_bindings[] = {
	STRING(myhostname, "myhostname"),
	STRING(mail_name, "mail_name"),
	STRING(banner, "smtpd_banner"),
	STRING(tls_security_level, "smtpd_tls_security_level"),
	BOOL(enforce_tls, "smtpd_enforce_tls"),
	BOOL(tls_wrappermode, "smtpd_tls_wrappermode"),
	STRING(milters, "smtpd_milters"),
	STRING(milter_default_action, "milter_default_action"),
	TIME(timeout_sec, "smtpd_timeout"),
	TIME(error_sleep_time_sec, "smtpd_error_sleep_time"),
	TIME(ipc_timeout_sec, "ipc_timeout"),
	INT(history_threshold, "smtpd_history_flush_threshold"),
	INT(soft_error_limit, "smtpd_soft_error_limit"),
	INT(hard_error_limit, "smtpd_hard_error_limit"),
	INT(junk_command_limit, "smtpd_junk_command_limit"),
	INT(recipient_limit, "smtpd_recipient_limit"),
	INT(recipient_overshoot_limit, "smtpd_recipient_overshoot_limit"),
	INT(line_length_limit, "line_length_limit"),
	INT(min_data_rate, "smtpd_min_data_rate"),
	LONG(message_size_limit, "message_size_limit"),
	LONG(queue_minfree, "queue_minfree"),
	BOOL(per_request_deadline, "smtpd_per_request_deadline"),
	BOOL(helo_required, "smtpd_helo_required"),
	BOOL(disable_vrfy_command, "disable_vrfy_command"),
	BOOL(strict_rfc821_envelopes, "strict_rfc821_envelopes"),
	BOOL(smtputf8_enable, "smtputf8_enable"),
	BIND_OLD_DEFAULT(struct smtpd_config, old_smtputf8, "smtputf8_enable"),
	BOOL(strict_smtputf8, "strict_smtputf8"),
	BOOL(forbid_unauth_pipelining, "smtpd_forbid_unauth_pipelining"),
	BOOL(peername_lookup, "smtpd_peername_lookup"),
	BOOL(soft_bounce, "soft_bounce"),
	BOOL(hide_client_session, "smtpd_hide_client_session"),
	BOOL(allow_min_user, "allow_min_user"),
	BOOL(resolve_numeric_domain, "resolve_numeric_domain"),
	BOOL(client_port_logging, "smtpd_client_port_logging"),
	BOOL(delay_open_until_valid_rcpt, "smtpd_delay_open_until_valid_rcpt"),
	STRING(forbid_bare_newline, "smtpd_forbid_bare_newline"),
	STRING(forbid_bare_newline_exclusions, "smtpd_forbid_bare_newline_exclusions"),
	INT(forbid_bare_newline_reject_code, "smtpd_forbid_bare_newline_reject_code"),
	STRING(discard_ehlo_keywords, "smtpd_discard_ehlo_keywords"),
	STRING(discard_ehlo_keyword_address_maps, "smtpd_discard_ehlo_keyword_address_maps"),
	STRING(forbidden_commands, "smtpd_forbidden_commands"),
	STRING(noop_commands, "smtpd_noop_commands"),
	STRING(command_filter, "smtpd_command_filter"),
	STRING(flush_service, "flush_service_name"),
	STRING(authorized_xclient_hosts, "smtpd_authorized_xclient_hosts"),
	STRING(authorized_xforward_hosts, "smtpd_authorized_xforward_hosts"),
	STRING(authorized_verp_clients, "smtpd_authorized_verp_clients"),
	STRING(verp_delimiters, "default_verp_delimiters"),
	STRING(verp_delimiter_filter, "verp_delimiter_filter"),
	STRING(upstream_proxy_protocol, "smtpd_upstream_proxy_protocol"),
	TIME(upstream_proxy_timeout_sec, "smtpd_upstream_proxy_timeout"),
	INT(connection_count_limit, "smtpd_client_connection_count_limit"),
	INT(connection_rate_limit, "smtpd_client_connection_rate_limit"),
	INT(message_rate_limit, "smtpd_client_message_rate_limit"),
	INT(recipient_rate_limit, "smtpd_client_recipient_rate_limit"),
	INT(ipv4_prefix_length, "smtpd_client_ipv4_prefix_length"),
	INT(ipv6_prefix_length, "smtpd_client_ipv6_prefix_length"),
	STRING(event_limit_exceptions, "smtpd_client_event_limit_exceptions"),
	STRING(proxy_filter, "smtpd_proxy_filter"),
	STRING(proxy_ehlo, "smtpd_proxy_ehlo"),
	STRING(proxy_options, "smtpd_proxy_options"),
	TIME(proxy_timeout_sec, "smtpd_proxy_timeout"),
	BIND_RAW(struct smtpd_config, reject_footer, "smtpd_reject_footer"),
	STRING(reject_footer_maps, "smtpd_reject_footer_maps"),
	STRING(reject_filter_maps, "smtpd_reject_filter_maps"),
	STRING(content_filter, "content_filter"),
	STRING(receive_override_options, "receive_override_options"),
	STRING(local_header_rewrite_clients, "local_header_rewrite_clients"),
	STRING(command_directory, "command_directory"),
	STRING(dns_reply_filter, "smtpd_dns_reply_filter"),
	STRING(cleanup_service_name, "cleanup_service_name"),
	STRING(smtputf8_autodetect_classes, "smtputf8_autodetect_classes"),
	STRING(rewrite_service_name, "rewrite_service_name"),
	BIND_END
};

static const struct {
	const char *name;
	enum bare_newline value;
} bare_newline_names[] = {
	{ "no",		BARE_NEWLINE_NO },
	{ "note",	BARE_NEWLINE_NOTE },
	{ "yes",	BARE_NEWLINE_NORMALIZE },
	{ "normalize",	BARE_NEWLINE_NORMALIZE },
	{ "reject",	BARE_NEWLINE_REJECT },
};

bool
smtpd_bare_newline_parse(const char *text, enum bare_newline *out)
{
	for (size_t i = 0; i < ARRAY_COUNT(bare_newline_names); i++) {
		if (view_is_nocase(view_string(text), bare_newline_names[i].name)) {
			*out = bare_newline_names[i].value;
			return true;
		}
	}
	return false;
}
