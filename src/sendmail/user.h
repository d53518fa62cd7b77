/*
 * user: who sends, when the command line does not say.
 */
#ifndef SENDMAIL_USER_H
#define SENDMAIL_USER_H

#include "util/text/buf.h"

/* The login name; fatal when the user has none. */
void	user_login(struct buf *out);
/* given (may be NULL), $NAME, or the password file; "" when there is none worth showing. */
void	user_full_name(struct buf *out, const char *given);

#endif
