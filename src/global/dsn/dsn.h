/*
 * dsn: a verdict about one recipient or one message: enhanced status code (RFC 3463), text, and what the other side said.
 */
#ifndef GLOBAL_DSN_DSN_H
#define GLOBAL_DSN_DSN_H

#include <stdbool.h>

#include "util/text/buf.h"

enum { DSN_STATUS_SIZE = 12 };			/* "5.999.999" and NUL */

struct dsn {
	char status[DSN_STATUS_SIZE];		/* "4.4.1" */
	struct buf text;			/* reason: one line */
	struct buf diag_type, diag_text;	/* "smtp", "550 5.1.1 no such user"; both or none */
	struct buf mta_type, mta_name;		/* "dns", "mx.example.com"; both or none */
	struct buf action;			/* "" means by status: delivered, delayed, failed */
};

void	dsn_init(struct dsn *dsn);
void	dsn_fini(struct dsn *dsn);
void	dsn_copy(struct dsn *to, const struct dsn *from);
void	dsn_set(struct dsn *dsn, const char *status, const char *format, ...) __attribute__((format(printf, 3, 4)));
void	dsn_from_errno(struct dsn *dsn, const char *status, int error, struct view what);	/* "what: No space left on device" */
void	dsn_soften(struct dsn *dsn);			/* soft_bounce: 5 becomes 4 */
/* "4.2.0 text" → code and rest; false when the text does not begin with a code. Never reads past the end. */
bool	dsn_split(struct view text, char status[DSN_STATUS_SIZE], struct view *rest);
bool	dsn_status_valid(struct view status);

#endif
