/*
 * session: one connection to a server: greeting, what it can do, its replies, and how it ends. A session that had an
 * error is never used again.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "global/client/transcript.h"
#include "global/smtp/reply.h"
#include "global/delivery/delivery.h"
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

enum {				/* attributes of XFORWARD that the server wants */
	XFORWARD_NAME = 1 << 0, XFORWARD_ADDR = 1 << 1, XFORWARD_PORT = 1 << 2, XFORWARD_PROTO = 1 << 3,
	XFORWARD_HELO = 1 << 4, XFORWARD_IDENT = 1 << 5, XFORWARD_SOURCE = 1 << 6,
};

struct session {
	const struct client *client;
	struct stream *stream;
	struct buf address;		/* as text; or the path of a socket */
	struct buf peer;		/* "host[address]" */
	struct buf relay;		/* "host[address]:port" */
	struct buf host;		/* the name alone */
	unsigned features, xforward;
	struct buf mechanisms;		/* to log in with: offered, and not filtered out */
	bool logged_in;
	unsigned long long size_limit;	/* announced; 0: none */
	int uses;			/* transactions begun */
	msec_t opened, idle_since;
	bool broken;
	bool unproven;			/* kept from before: RSET must be answered well before anything else counts */
	bool delays_dot;		/* PIX: the final dot must not share a packet with content */
	bool in_login;			/* what is sent is a secret */
	struct smtp_reply reply;	/* the last one */
	struct transcript transcript;
};

/*
 * Connects, greets. NULL with a verdict (4.4.1 and so on; 5.x.x: this server wants no mail from us at all); a failed
 * connection is logged. relay: replaced by whom we talked to, also when it refused.
 */
struct session	*session_open(const struct client *client, const struct delivery_request *request,
		    const struct destination *to, const struct host *host, struct buf *relay, struct dsn *dsn);
/* For those who come by a session in another way. */
struct session	*session_new(const struct client *client);
void		 session_free(struct session *session);		/* closes without a word */
void		 session_close(struct session *session);	/* says QUIT when the session is in order */

void		 session_command(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reads a reply. False when the connection is lost, with the verdict; doing: "sending MAIL FROM". */
bool		 session_reply(struct session *session, int timeout_sec, const char *doing, struct dsn *dsn);
/* The verdict that the last reply means: "host H said: … (in reply to COMMAND command)". */
void		 session_verdict(struct session *session, const char *command, struct dsn *dsn);
void		 session_lost(struct session *session, enum stream_result result, const char *doing, struct dsn *dsn);
/*
 * Is a kept session still good? Looks whether the server closed, and asks it (RSET). To a pipelining server that was busy
 * just now the question goes out together with the next transaction: then the session is "unproven".
 */
bool		 session_alive(struct session *session);

#endif
