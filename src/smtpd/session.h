/*
 * session: one connection, from the greeting to the log line that sums it up. The session owns all below it; what must
 * be undone between two messages is the transaction, which has one end (transaction.h).
 */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H

#include "smtpd/origin.h"
#include "global/smtp/peer.h"
#include "smtpd/server.h"
#include "smtpd/transaction.h"
#include "util/net/stream.h"

enum session_state {
	STATE_READY,		/* no transaction; who never greeted is here too */
	STATE_MAIL,		/* sender given */
	STATE_REFUSED,		/* … and all recipients so far refused */
	STATE_RCPT,		/* at least one recipient accepted */
	STATE_BDAT,		/* chunks are coming */
	STATE_SWALLOW,		/* … and thrown away, up to the last one */
};

enum { COMMANDS_MAX = 24 };

struct command_count {
	unsigned good, total;
};

struct session {
	struct smtpd_server *server;
	const struct smtpd_config *config;
	struct stream *stream;
	struct peer peer;
	enum session_state state;
	bool closing;			/* no further command is read */
	bool standalone;
	bool gone;			/* the client is: nothing more is said */
	bool denied;			/* refused at connect: only QUIT is left */
	bool pipelined;			/* the client spoke when it was not its turn */
	bool bare_lf;			/* some line, command or content, ended so */
	bool lenient_lf;		/* smtpd_forbid_bare_newline does not apply to this client */
	bool local_rewrite;		/* its addresses are completed with our own domain … */
	bool rewrite_known;		/* … or nobody could say */
	bool may_xclient, may_xforward, may_verp;
	bool limited, counted;		/* by anvil: limits apply; a connection is open there */
	struct buf helo;		/* as given; empty: did not greet */
	bool esmtp;
	bool forward_known;		/* false: whether it may XFORWARD nobody could say */
	bool rights_known;		/* false: a table that says what to hide or allow gave no answer */
	unsigned keywords;		/* EHLO keywords that this client may see (ehlo.h) */
	int errors, junk;
	const char *where;		/* the last command, for the log */
	struct command_count counts[COMMANDS_MAX];
	struct access_verdict verdict;
	struct buf login_name, login_method;	/* who the client proved to be; empty: nobody */
	struct origin origin;
	struct buf instance;		/* names this message to policy services; made when asked for */
	struct transaction transaction;
	struct transcript transcript;
	struct buf line;
};

void	session_run(struct smtpd_server *server, struct stream *stream, bool standalone);
/* XCLIENT: the one client is gone, another one begins, and is greeted. */
void	session_leave_client(struct session *session);
/* The dialogue so far is done with when it is longer than smtpd_history_flush_threshold: mailed where that is due, and forgotten. */
void	session_flush_history(struct session *session);
void	session_new_client(struct session *session);
void	session_greet(struct session *session);
struct maillog_login session_login(const struct session *session);
/* The only way to change the state. */
void	session_set_state(struct session *session, enum session_state state);
/* The client left or fell silent: says so, to the log and if it can to the client, and closes. */
void	session_broken(struct session *session, enum stream_result result);
/* "ESMTP", "SMTP" */
const char *session_protocol(const struct session *session);
/* What the access rules may know of this session now. */
void	session_log_reject(struct session *session, const char *text);
void	session_facts(struct session *session, struct access_facts *facts);

#endif
