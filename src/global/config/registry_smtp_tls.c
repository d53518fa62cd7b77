/*
 * Parameters: TLS, SASL and REQUIRETLS in the SMTP client.
 */
#include <config.h>	/* the build's own, not that of this folder */
#include "global/config/registry.h"

#ifdef HAVE_TLS
#define CLIENT_TLS_LEVEL	"${{$compatibility_level} <level {3.11} ? {} : {may}}"
#else
#define CLIENT_TLS_LEVEL	""
#endif

static const struct param rows[] = {
	{ "requiretls_enable", PARAM_BOOL_DERIVED, "yes" },
	{ "requiretls_esmtp_header", PARAM_BOOL_DERIVED, "yes" },
	{ "requiretls_redact_dsn", PARAM_BOOL_DERIVED, "yes" },
	{ "send_cyrus_sasl_authzid", PARAM_BOOL, "no" },
	{ "smtp_enforce_tls", PARAM_BOOL, "no" },
	{ "smtp_requiretls_policy", PARAM_TABLE_MODES,
	    "inline:{{${domain_to_ascii{$mydomain}}=opportunistic}, "
	    "{.${domain_to_ascii{$mydomain}}=opportunistic}, "
	    "{localhost=opportunistic}}, cidr:{{0.0.0.0/0 opportunistic}, {::/0 "
	    "opportunistic}}, enforce" },
	{ "smtp_sasl_auth_cache_name", PARAM_STRING, "" },
	{ "smtp_sasl_auth_cache_time", PARAM_TIME, "90d", .unit = 'd' },
	{ "smtp_sasl_auth_enable", PARAM_BOOL, "no" },
	{ "smtp_sasl_auth_soft_bounce", PARAM_BOOL, "yes" },
	{ "smtp_sasl_mechanism_filter", PARAM_LIST, "" },
	{ "smtp_sasl_password_maps", PARAM_TABLES, "" },
	{ "smtp_sasl_password_result_delimiter", PARAM_STRING, ":", .min = 1, .max = 1 },
	{ "smtp_sasl_path", PARAM_PATH, "" },
	{ "smtp_sasl_security_options", PARAM_LIST, "noplaintext, noanonymous" },
	{ "smtp_sasl_tls_security_options", PARAM_LIST, "$smtp_sasl_security_options" },
	{ "smtp_sasl_tls_verified_security_options", PARAM_LIST,
	    "$smtp_sasl_tls_security_options" },
	{ "smtp_sasl_type", PARAM_STRING, "cyrus", .min = 1 },
	{ "smtp_starttls_timeout", PARAM_TIME, "300s", .unit = 's', .min = 1 },
	{ "smtp_tls_CAfile", PARAM_PATH, "" },
	{ "smtp_tls_CApath", PARAM_PATH, "" },
	{ "smtp_tls_block_early_mail_reply", PARAM_BOOL, "no" },
	{ "smtp_tls_cert_file", PARAM_PATH, "" },
	{ "smtp_tls_chain_files", PARAM_PATH, "" },
	{ "smtp_tls_ciphers", PARAM_CIPHER_GRADE, "medium", .min = 1 },
	{ "smtp_tls_connection_reuse", PARAM_BOOL, "no" },
	{ "smtp_tls_dane_insecure_mx_policy", PARAM_STRING, "dane" },
	{ "smtp_tls_dcert_file", PARAM_PATH, "" },
	{ "smtp_tls_dkey_file", PARAM_PATH, "$smtp_tls_dcert_file" },
	{ "smtp_tls_eccert_file", PARAM_PATH, "" },
	{ "smtp_tls_eckey_file", PARAM_PATH, "$smtp_tls_eccert_file" },
	{ "smtp_tls_enable_rpk", PARAM_BOOL, "no" },
	{ "smtp_tls_enforce_peername", PARAM_BOOL, "yes" },
	{ "smtp_tls_enforce_sts_mx_patterns", PARAM_BOOL_DERIVED, "yes" },
	{ "smtp_tls_exclude_ciphers", PARAM_LIST, "" },
	{ "smtp_tls_fingerprint_cert_match", PARAM_STRING, "" },
	{ "smtp_tls_fingerprint_digest", PARAM_STRING,
	    "${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}", .min = 1 },
	{ "smtp_tls_force_insecure_host_tlsa_lookup", PARAM_BOOL, "no" },
	{ "smtp_tls_key_file", PARAM_PATH, "$smtp_tls_cert_file" },
	{ "smtp_tls_loglevel", PARAM_TRACE_LEVEL, "0" },
	{ "smtp_tls_loglevel_maps", PARAM_TABLES, "" },
	{ "smtp_tls_mandatory_ciphers", PARAM_CIPHER_GRADE, "medium", .min = 1 },
	{ "smtp_tls_mandatory_exclude_ciphers", PARAM_LIST, "" },
	{ "smtp_tls_mandatory_protocols", PARAM_LIST, ">=TLSv1" },
	{ "smtp_tls_note_starttls_offer", PARAM_BOOL, "no" },
	{ "smtp_tls_per_site", PARAM_TABLES, "" },
	{ "smtp_tls_policy_maps", PARAM_TABLES, "" },
	{ "smtp_tls_protocols", PARAM_LIST, ">=TLSv1" },
	{ "smtp_tls_scert_verifydepth", PARAM_INT, "9" },
	{ "smtp_tls_secure_cert_match", PARAM_STRING, "nexthop, dot-nexthop", .min = 1 },
	{ "smtp_tls_security_level", PARAM_STRING, CLIENT_TLS_LEVEL },
	{ "smtp_tls_servername", PARAM_STRING, "" },
	{ "smtp_tls_session_cache_database", PARAM_TABLES, "" },
	{ "smtp_tls_session_cache_timeout", PARAM_TIME, "3600s", .unit = 's', .max = 8640000 },
	{ "smtp_tls_trace_size_limit", PARAM_INT, "102400" },
	{ "smtp_tls_trust_anchor_file", PARAM_PATH, "" },
	{ "smtp_tls_verify_cert_match", PARAM_STRING, "hostname", .min = 1 },
	{ "smtp_tls_wrappermode", PARAM_BOOL, "no" },
	{ "smtp_tlsrpt_enable", PARAM_BOOL_DERIVED, "no" },
	{ "smtp_tlsrpt_skip_reused_handshakes", PARAM_BOOL_DERIVED, "no" },
	{ "smtp_tlsrpt_socket_name", PARAM_STRING, "" },
	{ "smtp_use_tls", PARAM_BOOL, "no" },
};

const struct param_table param_table_smtp_tls = { rows, ARRAY_COUNT(rows) };
