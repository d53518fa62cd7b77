/*
 * dialogue: what is said in a session, for the log of those who debug it, and for the postmaster where notify_classes
 * asks for transcripts of sessions in which a server or we broke the protocol, or a table could not be asked.
 */
#ifndef SMTP_DIALOGUE_H
#define SMTP_DIALOGUE_H

#include "smtp/session.h"

void	dialogue_sent(struct session *session, struct view line);
void	dialogue_heard(struct session *session);		/* session->reply */
/* The last reply refuses something: was it because one side did not know the protocol? */
void	dialogue_refused(struct session *session);
/* Ends a part of the dialogue, the whole session or a transaction: mails it where it is to be mailed. */
void	dialogue_end(struct session *session);

#endif
