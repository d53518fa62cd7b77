/*
 * command: the verbs, who may say them when, and the dispatch. A handler finds its state checked.
 */
#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H

#include "smtpd/session.h"

/* One line from the client. */
void	command_run(struct session *session, struct view line);
/* "ehlo=1 mail=1 rcpt=1/2 commands=3/4" */
void	command_summary(const struct session *session, struct buf *out);
/* "DATA EHLO ETRN …" for HELP */
void	command_names(struct buf *out);

/* The reply to a verb (EVEN_WRONG) whose handler found the state wrong. Returns false. */
bool	command_wrong_time(struct session *session, const char *name);

/* What MAIL and RCPT share. A path that is none is logged. */
/* A domain beyond ASCII is one only for who declares SMTPUTF8. */
bool	cmd_declared_domain(const struct address *address, bool smtputf8);
bool	cmd_path_parse(struct session *session, struct cursor *in, struct address *out);
void	cmd_warn_utf8(const struct session *session, const char *what, const struct address *address);	/* smtputf8_enable = no, by old default */
bool	cmd_fault(struct session *session, const struct smtp_fault *fault);

/* Handlers: true when the command did what was asked. arguments: behind the verb, without blanks around. */
bool	cmd_helo(struct session *session, struct view arguments);
bool	cmd_ehlo(struct session *session, struct view arguments);
bool	cmd_xclient(struct session *session, struct view arguments);
bool	cmd_xforward(struct session *session, struct view arguments);
bool	cmd_mail(struct session *session, struct view arguments);
bool	cmd_rcpt(struct session *session, struct view arguments);
bool	cmd_data(struct session *session, struct view arguments);
bool	cmd_bdat(struct session *session, struct view arguments);
bool	cmd_rset(struct session *session, struct view arguments);
bool	cmd_noop(struct session *session, struct view arguments);
bool	cmd_starttls(struct session *session, struct view arguments);
bool	cmd_auth(struct session *session, struct view arguments);
bool	cmd_vrfy(struct session *session, struct view arguments);
bool	cmd_etrn(struct session *session, struct view arguments);
bool	cmd_quit(struct session *session, struct view arguments);
bool	cmd_help(struct session *session, struct view arguments);

#endif
