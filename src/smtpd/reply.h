/*
 * reply: the one way in which this server says something.
 */
#ifndef SMTPD_REPLY_H
#define SMTPD_REPLY_H

#include "smtpd/session.h"

/*
 * dsn may be NULL. Slows down clients that make many errors, applies soft_bounce, and closes after 421 and 521. True
 * for replies that are no error, so that a command ends in `return reply(…)`.
 */
bool	reply(struct session *session, int code, const char *dsn, const char *format, ...) __attribute__((format(printf, 4, 5)));
bool	reply_verdict(struct session *session, const struct access_verdict *verdict);

#endif
