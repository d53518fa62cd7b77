/*
 * registry: the tables that param.c searches, one per subject (registry_*.c), rows in the order of names. A new
 * parameter is one row here, a binding and a member in the program that uses it, and a paragraph of postconf(5).
 */
#ifndef GLOBAL_CONFIG_REGISTRY_H
#define GLOBAL_CONFIG_REGISTRY_H

#include "global/config/param.h"
#include "util/base/mem.h"

struct param_table {
	const struct param *rows;
	size_t count;
};

extern const struct param_table param_table_address, param_table_bounce, param_table_content, param_table_lmtp,
    param_table_local, param_table_milter, param_table_postscreen, param_table_queue, param_table_services,
    param_table_smtp, param_table_smtp_tls, param_table_smtpd, param_table_smtpd_tls, param_table_system,
    param_table_tls, param_table_tlsproxy, param_table_transport, param_table_verify;

#endif
