#include "postconf/table_names.h"

#include "util/base/mem.h"
#include "util/text/words.h"

struct table_names {
	const char *type, *settings;
};

#define QUERY	"result_format domain expansion_limit "
#define SQL	QUERY "query table select_field where_field additional_conditions "

static const struct table_names types[] = {
	{ "ldap", QUERY "server_host server_port version timeout search_base query_filter result_attribute result_filter "
	    "special_result_attribute terminal_result_attribute leaf_result_attribute scope bind bind_dn bind_pw recursion_limit "
	    "size_limit dereference chase_referrals debuglevel sasl_mechs sasl_realm sasl_authz_id sasl_minssf start_tls "
	    "tls_ca_cert_dir tls_ca_cert_file tls_cert tls_key tls_require_cert tls_random_file tls_cipher_suite" },
	{ "memcache", "memcache backup flags ttl key_format key_digest domain data_size_limit line_size_limit max_try "
	    "retry_pause timeout" },
	{ "mongodb", QUERY "uri dbname collection query_filter projection result_attribute" },
	{ "mysql", SQL "hosts user password dbname option_file option_group require_result_set tls_cert_file tls_key_file "
	    "tls_CAfile tls_CApath tls_ciphers tls_verify_cert charset idle_interval retry_interval" },
	{ "pgsql", SQL "hosts user password dbname encoding select_function idle_interval retry_interval" },
	{ "redis", QUERY "hosts user password dbnumber key_format ttl timeout value_size_limit" },
	{ "sqlite", SQL "dbpath" },
};

const struct table_names *
table_names_find(struct view type)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (view_is(type, types[i].type))
			return &types[i];
	return NULL;
}

const char *
table_names_type(const struct table_names *names)
{
	return names->type;
}

bool
table_names_have(const struct table_names *names, struct view setting)
{
	return words_contain(view_string(names->settings), setting);
}
