/* client: what a process of the SMTP or LMTP client is, and has opened before it gave up its privileges. */
#ifndef SMTP_CLIENT_H
#define SMTP_CLIENT_H

#include "global/client/transcript.h"
#include "global/config/own_networks.h"
#include "global/maillog/debug_peers.h"
#include "smtp/config.h"
#include "table/maps.h"
#include "table/match_list.h"

/* smtp_header_checks and its relatives */
enum check_kind { CHECK_HEADER, CHECK_MIME_HEADER, CHECK_NESTED_HEADER, CHECK_BODY, CHECK_KINDS };

struct client {
	const struct smtp_config *config;
	const char *service_name;
	struct transcript_config notices;	/* to the postmaster */
	struct debug_peers *debug_peers;
	bool lmtp;			/* else SMTP: the prefix of all parameters, and the verb */
	/* NULL when the parameter is empty */
	struct maps *generic, *discarded_keywords, *reply_filter, *dns_filter, *pix_workarounds, *tls_policy, *tls_per_site;
	struct maps *checks[CHECK_KINDS];
	struct maps *passwords;
	struct match_list *cache_destinations, *mechanisms;
	struct match_list *mydestination;	/* where there are generic maps */
	struct own_addresses own;		/* there, too */
	unsigned sasl_security;		/* LOGIN_NO_PLAINTEXT and so on */
};

static inline const char *
client_prefix(const struct client *client)
{
	return client->lmtp ? "lmtp" : "smtp";
}

#endif
