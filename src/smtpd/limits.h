/*
 * limits: how much one client may do in a time, and how often it may be connected. anvil counts; here it is decided.
 */
#ifndef SMTPD_LIMITS_H
#define SMTPD_LIMITS_H

#include "smtpd/session.h"

/* Each returns true when the client is within its limits; else the log says so, and the caller says no. */
bool	limits_connect(struct session *session);
bool	limits_message(struct session *session);
bool	limits_recipient(struct session *session);
void	limits_disconnect(struct session *session);

#endif
