/* auth: logs in to a server that offers AUTH (RFC 4954), when there is a password for it. */
#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H

#include "smtp/session.h"

/* True also when there was nothing to do. False with the verdict: the session is of no use. */
bool	auth_login(struct session *session, const struct delivery_request *request, struct view nexthop, struct dsn *dsn);

#endif
