#include "smtp/config.h"

/* Both programs have these, each under its own prefix. */
#define CLIENT_BINDINGS(prefix) \
	BIND_STRING(struct smtp_config, bind_address, prefix "bind_address"), \
	BIND_STRING(struct smtp_config, bind_address6, prefix "bind_address6"), \
	BIND_BOOL(struct smtp_config, bind_address_enforce, prefix "bind_address_enforce"), \
	BIND_STRING(struct smtp_config, host_lookup, prefix "host_lookup"), \
	BIND_STRING(struct smtp_config, address_preference, prefix "address_preference"), \
	BIND_STRING(struct smtp_config, tcp_port, prefix "tcp_port"), \
	BIND_STRING(struct smtp_config, known_ports, "known_tcp_ports"), \
	BIND_STRING(struct smtp_config, dns_support, prefix "dns_support_level"), \
	BIND_BOOL(struct smtp_config, disable_dns_lookups, "disable_dns_lookups"), \
	BIND_STRING(struct smtp_config, pix_workarounds, prefix "pix_workarounds"), \
	BIND_STRING(struct smtp_config, verify_target, prefix "address_verify_target"), \
	BIND_TIME(struct smtp_config, pix_threshold_sec, prefix "pix_workaround_threshold_time"), \
	BIND_TIME(struct smtp_config, pix_delay_sec, prefix "pix_workaround_delay_time"), \
	BIND_TIME(struct smtp_config, xforward_timeout_sec, prefix "xforward_timeout"), \
	BIND_INT(struct smtp_config, min_data_rate, prefix "min_data_rate"), \
	BIND_BOOL(struct smtp_config, per_request_deadline, prefix "per_request_deadline"), \
	BIND_BOOL(struct smtp_config, cname_overrides, prefix "cname_overrides_servername"), \
	BIND_BOOL(struct smtp_config, send_xforward, prefix "send_xforward_command"), \
	BIND_BOOL(struct smtp_config, log_tls, prefix "log_tls_feature_status"), \
	BIND_STRING(struct smtp_config, tls_level, prefix "tls_security_level"), \
	BIND_TIME(struct smtp_config, connect_timeout_sec, prefix "connect_timeout"), \
	BIND_TIME(struct smtp_config, mail_timeout_sec, prefix "mail_timeout"), \
	BIND_TIME(struct smtp_config, rcpt_timeout_sec, prefix "rcpt_timeout"), \
	BIND_TIME(struct smtp_config, data_init_timeout_sec, prefix "data_init_timeout"), \
	BIND_TIME(struct smtp_config, data_xfer_timeout_sec, prefix "data_xfer_timeout"), \
	BIND_TIME(struct smtp_config, data_done_timeout_sec, prefix "data_done_timeout"), \
	BIND_TIME(struct smtp_config, rset_timeout_sec, prefix "rset_timeout"), \
	BIND_TIME(struct smtp_config, quit_timeout_sec, prefix "quit_timeout"), \
	BIND_TIME(struct smtp_config, cache_time_limit_sec, prefix "connection_cache_time_limit"), \
	BIND_TIME(struct smtp_config, reuse_time_limit_sec, prefix "connection_reuse_time_limit"), \
	BIND_INT(struct smtp_config, reuse_count_limit, prefix "connection_reuse_count_limit"), \
	BIND_INT(struct smtp_config, mx_address_limit, prefix "mx_address_limit"), \
	BIND_INT(struct smtp_config, mx_session_limit, prefix "mx_session_limit"), \
	BIND_INT(struct smtp_config, line_length_limit, prefix "line_length_limit"), \
	BIND_BOOL(struct smtp_config, skip_5xx_greeting, prefix "skip_5xx_greeting"), \
	BIND_BOOL(struct smtp_config, skip_quit_response, prefix "skip_quit_response"), \
	BIND_BOOL(struct smtp_config, randomize, prefix "randomize_addresses"), \
	BIND_BOOL(struct smtp_config, balance, prefix "balance_inet_protocols"), \
	BIND_BOOL(struct smtp_config, cache_on_demand, prefix "connection_cache_on_demand"), \
	BIND_STRING(struct smtp_config, resolver_options, prefix "dns_resolver_options"), \
	BIND_STRING(struct smtp_config, best_mx_transport, "best_mx_transport"), \
	BIND_BOOL(struct smtp_config, defer_if_no_mx_address, prefix "defer_if_no_mx_address_found"), \
	BIND_STRING(struct smtp_config, cache_service, "connection_cache_service_name"), \
	BIND_TIME(struct smtp_config, cache_protocol_timeout_sec, "connection_cache_protocol_timeout"), \
	BIND_BOOL(struct smtp_config, quote_envelope, prefix "quote_rfc821_envelope"), \
	BIND_BOOL(struct smtp_config, use_tls, prefix "use_tls"), \
	BIND_BOOL(struct smtp_config, enforce_tls, prefix "enforce_tls"), \
	BIND_BOOL(struct smtp_config, sasl_auth_enable, prefix "sasl_auth_enable"), \
	BIND_BOOL(struct smtp_config, sasl_by_sender, prefix "sender_dependent_authentication"), \
	BIND_BOOL(struct smtp_config, sasl_soft_bounce, prefix "sasl_auth_soft_bounce"), \
	BIND_STRING(struct smtp_config, sasl_security, prefix "sasl_security_options"), \
	BIND_STRING(struct smtp_config, sasl_delimiter, prefix "sasl_password_result_delimiter"), \
	BIND_STRING(struct smtp_config, sasl_type, prefix "sasl_type"), \
	BIND_BOOL(struct smtp_config, dummy_mail_auth, prefix "send_dummy_mail_auth"), \
	BIND_STRING(struct smtp_config, myhostname, "myhostname"), \
	BIND_STRING(struct smtp_config, inet_interfaces, "inet_interfaces"), \
	BIND_STRING(struct smtp_config, proxy_interfaces, "proxy_interfaces"), \
	BIND_STRING(struct smtp_config, inet_protocols, "inet_protocols"), \
	BIND_STRING(struct smtp_config, mydestination, "mydestination"), \
	BIND_STRING(struct smtp_config, myorigin, "myorigin"), \
	BIND_STRING(struct smtp_config, recipient_delimiter, "recipient_delimiter"), \
	BIND_STRING(struct smtp_config, propagate_extensions, "propagate_unmatched_extensions"), \
	BIND_INT(struct smtp_config, header_size_max, "header_size_limit"), \
	BIND_INT(struct smtp_config, header_token_max, "header_address_token_limit"), \
	BIND_INT(struct smtp_config, boundary_max, "mime_boundary_length_limit"), \
	BIND_INT(struct smtp_config, nesting_max, "mime_nesting_limit"), \
	BIND_BOOL(struct smtp_config, no_mime_conversion, "disable_mime_output_conversion"), \
	BIND_STRING(struct smtp_config, srv_services, "use_srv_lookup"), \
	BIND_BOOL(struct smtp_config, srv_fallback, "allow_srv_lookup_fallback"), \
	BIND_BOOL(struct smtp_config, ignore_srv_error, "ignore_srv_lookup_error"), \
	BIND_INT(struct smtp_config, reply_line_limit, "line_length_limit"), \
	BIND_BOOL(struct smtp_config, ignore_mx_error, "ignore_mx_lookup_error")

const struct binding smtp_bindings[] = {
	CLIENT_BINDINGS("smtp_"),
	BIND_STRING(struct smtp_config, helo_name, "smtp_helo_name"),
	BIND_STRING(struct smtp_config, discard_keywords, "smtp_discard_ehlo_keywords"),
	BIND_STRING(struct smtp_config, fallback_relay, "smtp_fallback_relay"),
	BIND_TIME(struct smtp_config, helo_timeout_sec, "smtp_helo_timeout"),
	BIND_BOOL(struct smtp_config, always_ehlo, "smtp_always_send_ehlo"),
	BIND_BOOL(struct smtp_config, never_ehlo, "smtp_never_send_ehlo"),
	BIND_END
};

const struct binding lmtp_bindings[] = {
	CLIENT_BINDINGS("lmtp_"),
	BIND_STRING(struct smtp_config, helo_name, "lmtp_lhlo_name"),
	BIND_STRING(struct smtp_config, discard_keywords, "lmtp_discard_lhlo_keywords"),
	BIND_STRING(struct smtp_config, fallback_relay, "lmtp_fallback_relay"),
	BIND_TIME(struct smtp_config, helo_timeout_sec, "lmtp_lhlo_timeout"),
	BIND_BOOL(struct smtp_config, assume_final, "lmtp_assume_final"),
	BIND_END
};
