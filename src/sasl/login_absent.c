#include "config.h"
#include "sasl/login.h"

/* Stands in for login_cyrus.c in a build without Cyrus SASL. */

#ifndef HAVE_CYRUS_SASL

bool
login_prepare(struct buf *why)
{
	why_set(why, "this build has no SASL library");
	return false;
}

struct login *
login_new(const struct login_request *request, struct buf *why)
{
	login_prepare(why);
	return NULL;
}

void
login_free(struct login *login)
{
}

bool
login_start(struct login *login, const char **mechanism, struct buf *response, bool *has_response, struct buf *why)
{
	return login_prepare(why);
}

bool
login_step(struct login *login, struct view challenge, struct buf *response, struct buf *why)
{
	return login_prepare(why);
}

#endif
