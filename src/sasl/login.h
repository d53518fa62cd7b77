/*
 * login: logs in to a server (RFC 4422, 4954): which mechanism to take, what to say first, what to answer. No I/O; the
 * bytes are as they are, base64 is the protocol's business. Cyrus SASL does the work; without it nothing can be prepared.
 *
 *	login_new → start → step … → free
 */
#ifndef SASL_LOGIN_H
#define SASL_LOGIN_H

#include <stdbool.h>

#include "util/text/buf.h"

struct login;

enum {			/* what mechanisms must not, or must, do */
	LOGIN_NO_PLAINTEXT = 1 << 0, LOGIN_NO_ACTIVE = 1 << 1, LOGIN_NO_DICTIONARY = 1 << 2, LOGIN_NO_ANONYMOUS = 1 << 3,
	LOGIN_FORWARD_SECRECY = 1 << 4, LOGIN_MUTUAL_AUTH = 1 << 5,
};

struct login_request {
	const char *service, *host;		/* "smtp", the server's name */
	const char *user, *password;		/* borrowed until login_free() */
	const char *mechanisms;			/* offered, divided by blanks */
	unsigned security;
};

/* Once in a process, before it gives up its privileges: loads the plug-ins. */
bool	login_prepare(struct buf *why);
/* "noplaintext, noanonymous" → bits; false with a phrase for an unknown word. */
bool	login_security_parse(const char *words, unsigned *out, struct buf *why);

/* NULL with a reason. */
struct login *login_new(const struct login_request *request, struct buf *why);
void	login_free(struct login *login);
/* Chooses a mechanism. response: what to send with the command; has_response: false when the server speaks first. */
bool	login_start(struct login *login, const char **mechanism, struct buf *response, bool *has_response,
	    struct buf *why);
/* The answer to a challenge. */
bool	login_step(struct login *login, struct view challenge, struct buf *response, struct buf *why);

#endif
