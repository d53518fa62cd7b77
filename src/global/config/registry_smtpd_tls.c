/*
 * Parameters: TLS and SASL in the SMTP server.
 */
#include <config.h>	/* the build's own, not that of this folder */
#include "global/config/registry.h"

#ifdef HAVE_CYRUS_SASL
#define SERVER_SASL_TYPE	"cyrus"
#else
#define SERVER_SASL_TYPE	"dovecot"
#endif

static const struct param rows[] = {
	{ "broken_sasl_auth_clients", PARAM_BOOL, "no" },
	{ "cyrus_sasl_config_path", PARAM_PATH, "" },
	{ "relay_clientcerts", PARAM_STRING, "" },
	{ "smtpd_enforce_tls", PARAM_BOOL, "no" },
	{ "smtpd_sasl_auth_enable", PARAM_BOOL, "no" },
	{ "smtpd_sasl_authenticated_header", PARAM_BOOL, "no" },
	{ "smtpd_sasl_exceptions_networks", PARAM_LIST, "" },
	{ "smtpd_sasl_local_domain", PARAM_STRING, "" },
	{ "smtpd_sasl_mechanism_filter", PARAM_LIST, "!external, static:rest" },
	{ "smtpd_sasl_path", PARAM_PATH, "smtpd", .min = 1 },
	{ "smtpd_sasl_response_limit", PARAM_INT, "12288", .min = 12288 },
	{ "smtpd_sasl_security_options", PARAM_LIST, "noanonymous" },
	{ "smtpd_sasl_service", PARAM_STRING, "smtp", .min = 1 },
	{ "smtpd_sasl_tls_security_options", PARAM_LIST, "$smtpd_sasl_security_options" },
	{ "smtpd_sasl_type", PARAM_STRING, SERVER_SASL_TYPE, .min = 1 },
	{ "smtpd_starttls_timeout", PARAM_TIME, "${stress?{10}:{300}}s", .unit = 's', .min = 1 },
	{ "smtpd_tls_CAfile", PARAM_PATH, "" },
	{ "smtpd_tls_CApath", PARAM_PATH, "" },
	{ "smtpd_tls_always_issue_session_ids", PARAM_BOOL, "yes" },
	{ "smtpd_tls_ask_ccert", PARAM_BOOL, "no" },
	{ "smtpd_tls_auth_only", PARAM_BOOL, "no" },
	{ "smtpd_tls_ccert_verifydepth", PARAM_INT, "9" },
	{ "smtpd_tls_cert_file", PARAM_PATH, "" },
	{ "smtpd_tls_chain_files", PARAM_PATH, "" },
	{ "smtpd_tls_ciphers", PARAM_CIPHER_GRADE, "medium", .min = 1 },
	{ "smtpd_tls_dcert_file", PARAM_PATH, "" },
	{ "smtpd_tls_dh1024_param_file", PARAM_PATH, "" },
	{ "smtpd_tls_dh512_param_file", PARAM_PATH, "" },
	{ "smtpd_tls_dkey_file", PARAM_PATH, "$smtpd_tls_dcert_file" },
	{ "smtpd_tls_eccert_file", PARAM_PATH, "" },
	{ "smtpd_tls_eckey_file", PARAM_PATH, "$smtpd_tls_eccert_file" },
	{ "smtpd_tls_eecdh_grade", PARAM_STRING, "auto", .min = 1 },
	{ "smtpd_tls_enable_rpk", PARAM_BOOL, "no" },
	{ "smtpd_tls_exclude_ciphers", PARAM_LIST, "" },
	{ "smtpd_tls_fingerprint_digest", PARAM_STRING,
	    "${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}", .min = 1 },
	{ "smtpd_tls_key_file", PARAM_PATH, "$smtpd_tls_cert_file" },
	{ "smtpd_tls_loglevel", PARAM_TRACE_LEVEL, "0" },
	{ "smtpd_tls_loglevel_maps", PARAM_TABLES, "" },
	{ "smtpd_tls_mandatory_ciphers", PARAM_CIPHER_GRADE, "medium", .min = 1 },
	{ "smtpd_tls_mandatory_exclude_ciphers", PARAM_LIST, "" },
	{ "smtpd_tls_mandatory_protocols", PARAM_LIST, ">=TLSv1" },
	{ "smtpd_tls_protocols", PARAM_LIST, ">=TLSv1" },
	{ "smtpd_tls_received_header", PARAM_BOOL, "no" },
	{ "smtpd_tls_req_ccert", PARAM_BOOL, "no" },
	{ "smtpd_tls_security_level", PARAM_STRING, "" },
	{ "smtpd_tls_session_cache_database", PARAM_TABLES, "" },
	{ "smtpd_tls_session_cache_timeout", PARAM_TIME, "3600s", .unit = 's', .max = 8640000 },
	{ "smtpd_tls_trace_size_limit", PARAM_INT, "102400" },
	{ "smtpd_tls_wrappermode", PARAM_BOOL, "no" },
	{ "smtpd_use_tls", PARAM_BOOL, "no" },
};

const struct param_table param_table_smtpd_tls = { rows, ARRAY_COUNT(rows) };
