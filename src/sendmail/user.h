/*
 * user: who sends, when the command line does not say.
 */
#ifndef SENDMAIL_USER_H
#define SENDMAIL_USER_H

#include <pwd.h>

#include "util/text/buf.h"

/* self: the row of the caller in the password file, NULL when there is none. */
void	user_login(struct buf *out, const struct passwd *self);		/* the login name; fatal without */
/* given (may be NULL), $NAME, or the password file; "" when there is none worth showing. */
void	user_full_name(struct buf *out, const char *given, const struct passwd *self);

#endif
