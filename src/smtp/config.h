/*
 * config: the settings of the SMTP and LMTP client. The program is one; run under the name lmtp it reads the lmtp_
 * parameters instead of the smtp_ ones.
 */
#ifndef SMTP_CONFIG_H
#define SMTP_CONFIG_H

#include "global/config/config.h"

struct smtp_config {
	const char *myhostname, *inet_interfaces, *proxy_interfaces, *inet_protocols;
	const char *mydestination, *myorigin, *recipient_delimiter, *propagate_extensions;

	/* where to */
	const char *tcp_port, *known_ports, *host_lookup, *dns_support, *address_preference, *fallback_relay, *srv_services;
	const char *bind_address, *bind_address6;
	int mx_address_limit, mx_session_limit;
	bool randomize, balance, cname_overrides, bind_address_enforce, disable_dns_lookups;
	bool defer_if_no_mx_address, ignore_mx_error, ignore_srv_error, srv_fallback;

	/* how we speak */
	const char *helo_name, *discard_keywords, *pix_workarounds, *tls_level, *verify_target;
	int pix_threshold_sec, pix_delay_sec;
	bool always_ehlo, never_ehlo, skip_5xx_greeting, skip_quit_response, quote_envelope, dummy_mail_auth, send_xforward, log_tls;
	bool use_tls, enforce_tls, assume_final;
	const char *sasl_security, *sasl_delimiter, *sasl_type;
	bool sasl_auth_enable, sasl_by_sender, sasl_soft_bounce;
	int reply_line_limit, line_length_limit;

	/* content */
	int header_size_max, header_token_max, boundary_max, nesting_max;
	bool no_mime_conversion;

	/* time */
	int connect_timeout_sec, helo_timeout_sec, xforward_timeout_sec, mail_timeout_sec, rcpt_timeout_sec;
	int data_init_timeout_sec, data_xfer_timeout_sec, data_done_timeout_sec, rset_timeout_sec, quit_timeout_sec;
	int min_data_rate;
	bool per_request_deadline;
	int cache_time_limit_sec, reuse_time_limit_sec, reuse_count_limit;
	bool cache_on_demand;
	const char *cache_service;
	const char *resolver_options, *best_mx_transport;
	int cache_protocol_timeout_sec;
};

extern const struct binding smtp_bindings[], lmtp_bindings[];

#endif
