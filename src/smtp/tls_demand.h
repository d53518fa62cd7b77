/*
 * tls_demand: what must not be sent in clear. This client has no TLS yet, so mail that needs it waits: an administrator's
 * smtp_tls_security_level, smtp_tls_policy_maps and smtp_tls_per_site are obeyed, not passed over.
 */
#ifndef SMTP_TLS_DEMAND_H
#define SMTP_TLS_DEMAND_H

#include "global/dsn/dsn.h"
#include "smtp/client.h"

/* nexthops: one or more, as trivial-rewrite named them. True: the verdict is in dsn. */
bool	tls_demanded(const struct client *client, struct view nexthops, struct dsn *dsn);

#endif
