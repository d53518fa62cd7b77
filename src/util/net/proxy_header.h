/*
 * proxy_header: what a proxy says of the client that it speaks for, in front of everything else (HAProxy's PROXY
 * protocol, versions 1 and 2). The parser does no I/O.
 */
#ifndef UTIL_NET_PROXY_HEADER_H
#define UTIL_NET_PROXY_HEADER_H

#include "util/net/netaddr.h"
#include "util/net/stream.h"
#include "util/text/cursor.h"

enum { PROXY_HEADER_MAX = 536 };	/* bytes, whole */

struct proxy_header {
	bool proxied;			/* false: the proxy speaks for itself; the addresses are unset */
	struct netaddr client, server;
};

enum proxy_result {
	PROXY_HEADER_GOOD,		/* taken off the cursor */
	PROXY_HEADER_MORE,		/* it ends behind what is here */
	PROXY_HEADER_BAD,
};

enum proxy_result proxy_header_parse(struct cursor *in, struct proxy_header *out, struct buf *why);
/* Takes it off a stream, within this time. */
bool	proxy_header_read(struct stream *stream, msec_t within_ms, struct proxy_header *out, struct buf *why);

#endif
