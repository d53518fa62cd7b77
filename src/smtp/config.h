/*
 * config: the settings of the SMTP and LMTP client. The program is one; run under the name lmtp it reads the lmtp_
 * parameters instead of the smtp_ ones.
 */
#ifndef SMTP_CONFIG_H
#define SMTP_CONFIG_H

#include "global/config/config.h"

struct smtp_config {
	const char *myhostname, *helo_name, *tcp_port, *bind_address, *bind_address6, *host_lookup, *address_preference;
	const char *inet_interfaces, *proxy_interfaces, *inet_protocols, *fallback_relay, *cache_destinations;
	const char *discard_keywords, *generic_maps, *recipient_delimiter, *tls_level, *propagate_extensions;
	int connect_timeout_sec, helo_timeout_sec, mail_timeout_sec, rcpt_timeout_sec, data_init_timeout_sec;
	int data_xfer_timeout_sec, data_done_timeout_sec, rset_timeout_sec, quit_timeout_sec;
	int mx_address_limit, mx_session_limit, line_length_limit, reply_line_limit;
	int cache_time_limit_sec, reuse_time_limit_sec, reuse_count_limit;
	bool always_ehlo, never_ehlo, skip_5xx_greeting, skip_quit_response, randomize, balance, cache_on_demand;
	bool quote_envelope, use_tls, enforce_tls, sasl_auth_enable, defer_if_no_mx_address, dummy_mail_auth, ignore_mx_error;
	bool bind_address_enforce, assume_final;
};

extern const struct binding smtp_bindings[], lmtp_bindings[];

#endif
