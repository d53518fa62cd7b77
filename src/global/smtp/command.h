/*
 * command: what a client says, as a server reads it: lines with a bound, the path and the parameters of MAIL and RCPT
 * (RFC 5321, 4.1.1; RFC 1870, 1891, 3461, 6152, 6531), chunk sizes (RFC 3030).
 */
#ifndef GLOBAL_SMTP_COMMAND_H
#define GLOBAL_SMTP_COMMAND_H

#include <stdint.h>

#include "util/base/arena.h"
#include "util/net/stream.h"
#include "util/text/cursor.h"

enum { SMTP_COMMAND_EXCESS_MAX = 1 << 20 };	/* bytes of one line that are read and forgotten */

/*
 * The next command without its line end. STREAM_LONG: more than limit bytes; all of the line is gone, so that no tail of
 * it can pass for a command. STREAM_ERROR with EMSGSIZE: no line end in sight, hang up. bare_lf: it ended in LF alone.
 */
enum stream_result smtp_command_read(struct stream *from, size_t limit, struct buf *line, bool *bare_lf);

/* What is wrong with a command, as a reply. */
struct smtp_fault {
	int code;
	const char *dsn, *text;
	struct view culprit;		/* shown behind the text, or empty */
};

enum {				/* extensions that this client may use here */
	SMTP_PARAM_DSN		= 1 << 0,
	SMTP_PARAM_SMTPUTF8	= 1 << 1,
	SMTP_PARAM_AUTH		= 1 << 2,
	SMTP_PARAM_REQUIRETLS	= 1 << 3,
	SMTP_PARAM_VERP		= 1 << 4,
};

enum smtp_body { SMTP_BODY_UNKNOWN, SMTP_BODY_7BIT, SMTP_BODY_8BITMIME };

struct smtp_mail_params {
	bool has_size, smtputf8, requiretls;
	uint64_t size;
	enum smtp_body body;
	int ret;			/* DSN_RET_*; 0: not given */
	struct view envid, auth;	/* decoded; "" when not given */
	bool has_envid, has_auth;
	bool has_verp;
	struct view verp;		/* XVERP=xy; "": the default delimiters */
};

struct smtp_rcpt_params {
	int notify;			/* DSN_NOTIFY_*; 0: not given */
	struct view orcpt;		/* "type;text", decoded; "" when not given */
};

/* Takes "FROM:" (or what name says) and the blanks behind it. */
bool	smtp_path_keyword(struct cursor *in, const char *name);
/* All of what follows the path; what is found lives in the arena, and outlives the line. False: *fault tells; nothing else was changed then. */
bool	smtp_mail_params_parse(struct cursor *in, unsigned allowed, struct arena *arena, struct smtp_mail_params *out, struct smtp_fault *fault);
bool	smtp_rcpt_params_parse(struct cursor *in, unsigned allowed, struct arena *arena, struct smtp_rcpt_params *out, struct smtp_fault *fault);
/* bdat-cmd = "BDAT" SP chunk-size [ SP "LAST" ] (RFC 3030, 2): what follows the verb */
bool	smtp_bdat_parse(struct view arguments, uint64_t *size, bool *last);

#endif
