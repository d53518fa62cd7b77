/*
 * Parameters: what all users of TLS share.
 */
#include "global/config/registry.h"

static const struct param rows[] = {
	{ "openssl_path", PARAM_PATH, "openssl", .min = 1 },
	{ "tls_append_default_CA", PARAM_BOOL, "no" },
	{ "tls_config_file", PARAM_PATH, "default" },
	{ "tls_config_name", PARAM_STRING, "" },
	{ "tls_daemon_random_bytes", PARAM_INT, "32", .min = 1 },
	{ "tls_dane_digests", PARAM_LIST, "sha512 sha256", .min = 1 },
	{ "tls_disable_workarounds", PARAM_LIST, "" },
	{ "tls_eecdh_auto_curves", PARAM_STRING, "X25519 X448 prime256v1 secp384r1 secp521r1" },
	{ "tls_eecdh_strong_curve", PARAM_STRING, "prime256v1" },
	{ "tls_eecdh_ultra_curve", PARAM_STRING, "secp384r1" },
	{ "tls_export_cipherlist", PARAM_STRING, "" },
	{ "tls_fast_shutdown_enable", PARAM_BOOL, "yes" },
	{ "tls_ffdhe_auto_groups", PARAM_STRING, "ffdhe2048 ffdhe3072" },
	{ "tls_high_cipherlist", PARAM_STRING,
	    "aNULL:-aNULL:HIGH:!SEED:!IDEA:!3DES:!RC2:!RC4:!RC5:"
	    "!kDH:!kECDH:!aDSS:!MD5:@STRENGTH", .min = 1 },
	{ "tls_low_cipherlist", PARAM_STRING, "" },
	{ "tls_medium_cipherlist", PARAM_STRING,
	    "aNULL:-aNULL:HIGH:MEDIUM:!SEED:!IDEA:!3DES:!RC2:!RC4:!RC5:"
	    "!kDH:!kECDH:!aDSS:!MD5:+RC4:@STRENGTH", .min = 1 },
	{ "tls_null_cipherlist", PARAM_STRING, "eNULL:!kDH:!kECDH:!aDSS:!MD5:!aNULL", .min = 1 },
	{ "tls_preempt_cipherlist", PARAM_BOOL, "no" },
	{ "tls_random_bytes", PARAM_INT, "32", .min = 1 },
	{ "tls_random_exchange_name", PARAM_STRING, "${data_directory}/prng_exch" },
	{ "tls_random_prng_update_period", PARAM_TIME, "3600s", .unit = 's', .min = 1 },
	{ "tls_random_reseed_period", PARAM_TIME, "3600s", .unit = 's', .min = 1 },
	{ "tls_random_source", PARAM_PATH, "dev:/dev/urandom" },
	{ "tls_required_enable", PARAM_BOOL_DERIVED, "yes" },
	{ "tls_server_sni_maps", PARAM_TABLES, "" },
	{ "tls_session_ticket_cipher", PARAM_STRING, "aes-256-cbc" },
	{ "tls_ssl_options", PARAM_LIST, "" },
	{ "tls_trace_rate_limit", PARAM_INT, "1" },
	{ "tls_trust_server_ccerts", PARAM_BOOL, "no" },
	{ "tls_wildcard_matches_multiple_labels", PARAM_BOOL, "yes" },
};

const struct param_table param_table_tls = { rows, ARRAY_COUNT(rows) };
