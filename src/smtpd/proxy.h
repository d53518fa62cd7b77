/*
 * proxy: the before-queue content filter (smtpd_proxy_filter): in place of cleanup an SMTP server takes the message, and
 * its replies are ours. One connection per message. With speed_adjust the filter is not kept waiting for a slow client:
 * the message is stored first.
 *
 * Whatever the client sent, the filter gets proper lines: CR LF between them, no other CR or LF, dots stuffed.
 */
#ifndef SMTPD_PROXY_H
#define SMTPD_PROXY_H

#include "smtpd/session.h"

bool	proxy_wanted(const struct session *session);
/* One recipient that our own rules accepted: says so to the client, or passes on what the filter says. */
bool	proxy_recipient(struct session *session, struct view arguments);
/* False: the client was told why not. */
bool	proxy_start_content(struct session *session);
void	proxy_line(struct session *session, struct view text, bool complete);
/* Hands over the end, and passes on the filter's reply. */
bool	proxy_finish(struct session *session);
void	proxy_close(struct session *session);

#endif
