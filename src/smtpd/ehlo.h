/*
 * ehlo: the keywords of our extensions, in the order in which they are announced.
 */
#ifndef SMTPD_EHLO_H
#define SMTPD_EHLO_H

#include "smtpd/session.h"

enum ehlo_keyword {
	EHLO_PIPELINING		= 1 << 0,
	EHLO_SIZE		= 1 << 1,
	EHLO_VRFY		= 1 << 2,
	EHLO_ETRN		= 1 << 3,
	EHLO_ENHANCEDSTATUSCODES = 1 << 4,
	EHLO_8BITMIME		= 1 << 5,
	EHLO_DSN		= 1 << 6,
	EHLO_SMTPUTF8		= 1 << 7,
	EHLO_CHUNKING		= 1 << 8,
	EHLO_XVERP		= 1 << 9,
	EHLO_XCLIENT		= 1 << 10,
	EHLO_XFORWARD		= 1 << 11,
};

/* What this client may see: all that is enabled, less what is discarded for all or for its address; false: a table failed. */
bool		ehlo_keywords_for(const struct session *session, unsigned *out);
void		ehlo_text(const struct session *session, struct buf *out);

#endif
