/*
 * transaction: one message on its way from a client to cleanup. Everything that must not outlive it is in here, and
 * transaction_end() is the only way out: each final reply to MAIL…end-of-data goes through it, whatever it says.
 */
#ifndef SMTPD_TRANSACTION_H
#define SMTPD_TRANSACTION_H

#include "global/address/address.h"
#include "global/smtp/command.h"
#include "global/smtp/content.h"
#include "smtpd/access/access.h"

struct proxy;
struct session;

struct transaction {
	struct arena arena;
	struct view sender;			/* internal form */
	struct view mail_arguments;		/* as given: for a filter */
	struct smtp_mail_params params;
	unsigned accepted;			/* recipients */
	unsigned over_limit;			/* recipients refused for their number */
	struct view first_recipient;		/* internal form: for "Received:" */
	struct access_actions actions;
	struct proxy *proxy;			/* the filter that takes this message, or NULL */
	bool open;				/* cleanup has the envelope, or some of it */
	bool content;				/* … and content has begun */
	bool traced;				/* … with what we say ourselves: "Received:" */
	bool announced;				/* the client= line was logged */
	bool failed;				/* a chunk was refused: what follows is thrown away */
	uint64_t size;				/* of content, as counted for the limit */
	uint64_t chunk_bytes, discarded;
	struct smtp_content decoder;
};

void	transaction_begin(struct session *session, const struct address *sender, const struct smtp_mail_params *params);
/* smtpd_delay_open_until_valid_rcpt = no: the envelope begins with the sender. False: cannot. */
bool	transaction_open(struct session *session);
/* To cleanup, which is opened for the first one. False: cannot; why there is none is logged. */
bool	transaction_add_recipient(struct session *session, const struct address *recipient, const struct smtp_rcpt_params *params);
/* One more that somebody else took (a filter). */
void transaction_count_recipient(struct session *session, struct view internal);
/* The queue id, or "" when there is none (yet). Waits for cleanup's answer when one is due; logs client= then. */
struct view transaction_id(struct session *session);
struct view transaction_log_name(struct session *session);	/* in front of a line of the log: the queue id, or "NOQUEUE" */
/*
 * Rest of the envelope. False: it cannot be, and the client was told. "Received:" is written when the first of the text is
 * there: cleanup makes the file while the client reads our reply and sends. If it cannot, the end of the data says so.
 */
bool	transaction_start_content(struct session *session, bool dots);
bool	transaction_too_big(const struct session *session);
/* Hands all to cleanup and tells the client what came of it. Ends the transaction. */
bool	transaction_finish(struct session *session);
/* Forgets all: what cleanup has is thrown away, unless it was finished. */
void	transaction_end(struct session *session);

#endif
