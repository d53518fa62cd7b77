/*
 * origin: where a message comes from, as the log shall know it: the client itself, or whom it speaks for (XFORWARD).
 */
#ifndef SMTPD_ORIGIN_H
#define SMTPD_ORIGIN_H

#include "util/text/buf.h"

struct origin {				/* each "": not known */
	bool given;
	struct buf name, address;	/* address without "IPv6:" */
	struct buf rfc_address, port, helo, protocol, ident;
	enum { ORIGIN_SOURCE_UNKNOWN, ORIGIN_LOCAL, ORIGIN_REMOTE } source;
};

void	origin_reset(struct origin *origin);
void	origin_fini(struct origin *origin);

#endif
