/* restrictions: the table of keywords. */
#include "smtpd/access/internal.h"

static const struct restriction restrictions[] = {
	/* any list */
	{ "permit",				check_permit,			TAKES_NOTHING, 0 },
	{ "reject",				check_reject,			TAKES_NOTHING, 1 },
	{ "defer",				check_defer,			TAKES_NOTHING, 1 },
	{ "warn_if_reject",			check_warn_if_reject,		TAKES_NOTHING, 0 },
	{ "defer_if_permit",			check_defer_if_permit,		TAKES_NOTHING, 1 },
	{ "defer_if_reject",			check_defer_if_reject,		TAKES_NOTHING, 0 },
	{ "reject_unauth_pipelining",		check_pipelining,		TAKES_NOTHING, 0 },
	{ "reject_plaintext_session",		check_plaintext,		TAKES_NOTHING, 0 },
	{ "sleep",				check_sleep,			TAKES_WORD,    0 },
	{ "check_policy_service",	check_policy_service,		TAKES_SERVICE, 0 },
	/* client */
	{ "permit_mynetworks",			check_mynetworks,		TAKES_NOTHING, 0 },
	{ "permit_inet_interfaces",		check_inet_interfaces,		TAKES_NOTHING, 0 },
	{ "permit_sasl_authenticated",		check_sasl_authenticated,	TAKES_NOTHING, 0 },
	{ "check_client_access",		check_client_access,		TAKES_TABLE,   0 },
	{ "check_reverse_client_hostname_access", check_reverse_client_access,	TAKES_TABLE,   0 },
	{ "reject_unknown_client_hostname",	check_unknown_client,		TAKES_NOTHING, 0 },
	{ "reject_unknown_client",		check_unknown_client,		TAKES_NOTHING, 0 },
	{ "reject_unknown_reverse_client_hostname", check_unknown_reverse_client, TAKES_NOTHING, 0 },
	{ "reject_unknown_forward_client_hostname", check_unknown_forward_client,	TAKES_NOTHING, 0 },
	{ "check_client_mx_access",	check_client_mx,		TAKES_TABLE,   0 },
	{ "check_reverse_client_hostname_mx_access", check_reverse_client_mx,	TAKES_TABLE,   0 },
	{ "check_client_ns_access",	check_client_ns,		TAKES_TABLE,   0 },
	{ "check_reverse_client_hostname_ns_access", check_reverse_client_ns,	TAKES_TABLE,   0 },
	{ "check_client_a_access",	check_client_a,			TAKES_TABLE,   0 },
	{ "check_reverse_client_hostname_a_access", check_reverse_client_a,		TAKES_TABLE,   0 },
	{ "check_sasl_access",		check_sasl_access,		TAKES_TABLE,   0 },
	{ "check_ccert_access",		check_certificate_access,	TAKES_TABLE,   0 },
	{ "permit_tls_all_clientcerts",	check_all_certificates,		TAKES_NOTHING, 0 },
	{ "permit_tls_clientcerts",	check_known_certificates,	TAKES_NOTHING, 0 },
	{ "reject_rbl_client",		check_rbl_client,		TAKES_WORD,    0 },
	{ "permit_dnswl_client",	check_dnswl_client,		TAKES_WORD,    0 },
	{ "reject_rhsbl_client",	check_rhsbl_client,		TAKES_WORD,    0 },
	{ "reject_rhsbl_reverse_client", check_rhsbl_reverse_client,	TAKES_WORD,    0 },
	{ "permit_rhswl_client",	check_rhswl_client,		TAKES_WORD,    0 },
	/* helo */
	{ "check_helo_access",			check_helo_access,		TAKES_TABLE,   0 },
	{ "reject_invalid_helo_hostname",	check_invalid_helo,		TAKES_NOTHING, 0 },
	{ "reject_invalid_hostname",		check_invalid_helo,		TAKES_NOTHING, 0 },
	{ "reject_non_fqdn_helo_hostname",	check_non_fqdn_helo,		TAKES_NOTHING, 0 },
	{ "reject_non_fqdn_hostname",		check_non_fqdn_helo,		TAKES_NOTHING, 0 },
	{ "reject_unknown_helo_hostname",	check_unknown_helo,		TAKES_NOTHING, 0 },
	{ "reject_unknown_hostname",		check_unknown_helo,		TAKES_NOTHING, 0 },
	{ "check_helo_mx_access",	check_helo_mx,			TAKES_TABLE,   0 },
	{ "check_helo_ns_access",	check_helo_ns,			TAKES_TABLE,   0 },
	{ "check_helo_a_access",	check_helo_a,			TAKES_TABLE,   0 },
	{ "reject_rhsbl_helo",		check_rhsbl_helo,		TAKES_WORD,    0 },
	/* sender */
	{ "check_sender_access",		check_sender_access,		TAKES_TABLE,   0 },
	{ "reject_non_fqdn_sender",		check_non_fqdn_sender,		TAKES_NOTHING, 0 },
	{ "reject_unknown_sender_domain",	check_unknown_sender_domain,	TAKES_NOTHING, 0 },
	{ "reject_unknown_address",		check_unknown_sender_domain,	TAKES_NOTHING, 0 },
	{ "reject_unverified_sender",		check_unverified_sender,	TAKES_NOTHING, 0 },
	{ "reject_unlisted_sender",		check_unlisted_sender,		TAKES_NOTHING, 0 },
	{ "check_sender_mx_access",	check_sender_mx,		TAKES_TABLE,   0 },
	{ "check_sender_ns_access",	check_sender_ns,		TAKES_TABLE,   0 },
	{ "check_sender_a_access",	check_sender_a,			TAKES_TABLE,   0 },
	{ "reject_rhsbl_sender",	check_rhsbl_sender,		TAKES_WORD,    0 },
	{ "reject_sender_login_mismatch", check_login_mismatch,		TAKES_NOTHING, 0 },
	{ "reject_known_sender_login_mismatch", check_known_login_mismatch,	TAKES_NOTHING, 0 },
	{ "reject_authenticated_sender_login_mismatch", check_authenticated_login_mismatch,	TAKES_NOTHING, 0 },
	{ "reject_unauthenticated_sender_login_mismatch", check_unauthenticated_login_mismatch,	TAKES_NOTHING, 0 },
	/* recipient */
	{ "check_recipient_access",		check_recipient_access,		TAKES_TABLE,   0 },
	{ "permit_auth_destination",		check_auth_destination,		TAKES_NOTHING, 0 },
	{ "reject_unauth_destination",		check_unauth_destination,	TAKES_NOTHING, 1 },
	{ "defer_unauth_destination",		check_defer_unauth_destination,	TAKES_NOTHING, 1 },
	{ "reject_non_fqdn_recipient",		check_non_fqdn_recipient,	TAKES_NOTHING, 0 },
	{ "reject_unknown_recipient_domain",	check_unknown_recipient_domain,	TAKES_NOTHING, 0 },
	{ "reject_unverified_recipient",	check_unverified_recipient,	TAKES_NOTHING, 0 },
	{ "reject_unlisted_recipient",		check_unlisted_recipient,	TAKES_NOTHING, 0 },
	{ "check_recipient_maps",		check_unlisted_recipient,	TAKES_NOTHING, 0 },
	{ "reject_multi_recipient_bounce",	check_multi_recipient_bounce,	TAKES_NOTHING, 0 },
	{ "check_recipient_mx_access",	check_recipient_mx,		TAKES_TABLE,   0 },
	{ "check_recipient_ns_access",	check_recipient_ns,		TAKES_TABLE,   0 },
	{ "check_recipient_a_access",	check_recipient_a,		TAKES_TABLE,   0 },
	{ "reject_rhsbl_recipient",	check_rhsbl_recipient,		TAKES_WORD,    0 },
	{ "permit_mx_backup",		check_mx_backup,		TAKES_NOTHING, 0 },
	/* etrn */
	{ "check_etrn_access",			check_etrn_access,		TAKES_TABLE,   0 },
};

const struct restriction *
restriction_find(struct view name)
{
	for (size_t i = 0; i < ARRAY_COUNT(restrictions); i++) {
		if (view_is_nocase(name, restrictions[i].name))
			return &restrictions[i];
	}
	return NULL;
}

static const char *const default_checks[] = {
	[SUBJECT_CLIENT] = "check_client_access",
	[SUBJECT_REVERSE_CLIENT] = NULL,
	[SUBJECT_HELO] = "check_helo_access",
	[SUBJECT_SENDER] = "check_sender_access",
	[SUBJECT_RECIPIENT] = "check_recipient_access",
	[SUBJECT_DATA] = NULL,
	[SUBJECT_END_OF_DATA] = NULL,
	[SUBJECT_ETRN] = "check_etrn_access",
};

const struct restriction *
restriction_default_check(enum subject subject)
{
	return default_checks[subject] != NULL ? restriction_find(view_string(default_checks[subject])) : NULL;
}
