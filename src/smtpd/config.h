/*
 * config: what smtpd takes from main.cf. The members are named as their parameters, without "smtpd_".
 */
#ifndef SMTPD_CONFIG_H
#define SMTPD_CONFIG_H

#include "global/config/config.h"

struct smtpd_config {
	/* who we are */
	const char *myhostname, *mail_name, *banner;
	/* limits */
	int timeout_sec, error_sleep_time_sec, ipc_timeout_sec, history_threshold;
	int soft_error_limit, hard_error_limit, junk_command_limit, recipient_limit, recipient_overshoot_limit;
	int line_length_limit, min_data_rate;
	long long message_size_limit, queue_minfree;
	bool per_request_deadline;
	/* protocol */
	bool helo_required, disable_vrfy_command, strict_rfc821_envelopes, smtputf8_enable, strict_smtputf8;
	bool old_smtputf8;
	bool forbid_unauth_pipelining, peername_lookup, soft_bounce, hide_client_session, allow_min_user;
	bool resolve_numeric_domain;
	bool client_port_logging, delay_open_until_valid_rcpt;
	const char *forbid_bare_newline, *forbid_bare_newline_exclusions;
	int forbid_bare_newline_reject_code;
	const char *discard_ehlo_keywords, *discard_ehlo_keyword_address_maps;
	const char *forbidden_commands, *noop_commands, *command_filter;
	const char *flush_service;
	const char *authorized_xclient_hosts, *authorized_xforward_hosts, *authorized_verp_clients;
	const char *verp_delimiters, *verp_delimiter_filter;
	const char *upstream_proxy_protocol;
	int upstream_proxy_timeout_sec;
	/* how much one client may do */
	int connection_count_limit, connection_rate_limit, message_rate_limit, recipient_rate_limit;
	int ipv4_prefix_length, ipv6_prefix_length;
	const char *event_limit_exceptions;
	const char *proxy_filter, *proxy_ehlo, *proxy_options;
	int proxy_timeout_sec;
	/* what this release cannot do, but may not do without */
	const char *tls_security_level, *milters, *milter_default_action;
	bool enforce_tls, tls_wrappermode;
	/* what is said */
	const char *reject_footer, *reject_footer_maps, *reject_filter_maps;
	/* what becomes of mail */
	const char *content_filter, *receive_override_options, *local_header_rewrite_clients;
	const char *command_directory, *cleanup_service_name, *rewrite_service_name, *smtputf8_autodetect_classes;
	const char *dns_reply_filter;
};

extern const struct binding smtpd_bindings[];

/* smtpd_forbid_bare_newline */
enum bare_newline { BARE_NEWLINE_NO, BARE_NEWLINE_NOTE, BARE_NEWLINE_NORMALIZE, BARE_NEWLINE_REJECT };

bool	smtpd_bare_newline_parse(const char *text, enum bare_newline *out);

#endif
