/*
 * session: one connection to a server: greeting, what it can do, its replies, and how it ends. A session that had an
 * error is never used again.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "global/smtp/reply.h"
#include "smtp/destination.h"

enum {
	FEATURE_ESMTP		= 1 << 0,
	FEATURE_PIPELINING	= 1 << 1,
	FEATURE_8BITMIME	= 1 << 2,
	FEATURE_SIZE		= 1 << 3,
	FEATURE_DSN		= 1 << 4,
	FEATURE_SMTPUTF8	= 1 << 5,
	FEATURE_STARTTLS	= 1 << 6,
	FEATURE_AUTH		= 1 << 7,
};

struct session {
	const struct smtp_config *config;
	bool lmtp;
	struct stream *stream;
	struct buf peer;		/* "host[address]" */
	struct buf relay;		/* "host[address]:port" */
	struct buf host;		/* the name alone */
	unsigned features;
	unsigned long long size_limit;	/* announced; 0: none */
	int uses;			/* transactions begun */
	msec_t opened, idle_since;
	bool broken;
	struct smtp_reply reply;	/* the last one */
};

/*
 * Connects, greets. NULL with a verdict (4.4.1 and so on); a failed connection is logged. connected: a host answered,
 * which counts as a session even when it then refused to talk to us.
 */
struct session	*session_open(const struct smtp_config *config, bool lmtp, const struct destination *to, const struct host *host,
		    bool *connected, struct dsn *dsn);
void		 session_close(struct session *session);	/* says QUIT when the session is in order */

void		 session_command(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reads a reply. False when the connection is lost, with the verdict; doing: "sending MAIL FROM". */
bool		 session_reply(struct session *session, int timeout_sec, const char *doing, struct dsn *dsn);
/* The verdict that the last reply means: "host H said: … (in reply to COMMAND command)". */
void		 session_verdict(const struct session *session, const char *command, struct dsn *dsn);
void		 session_lost(struct session *session, enum stream_result result, const char *doing, struct dsn *dsn);
/* Is a kept session still good? Looks whether the server closed; probes with RSET after a second of rest. */
bool		 session_alive(struct session *session);

#endif
