/*
 * content_type: what Content-Type and Content-Transfer-Encoding say about a body (RFC 2045, 5 and 6), read as mail is, not
 * as it should be: comments, blanks anywhere, missing quotes.
 */
#ifndef GLOBAL_MESSAGE_CONTENT_TYPE_H
#define GLOBAL_MESSAGE_CONTENT_TYPE_H

#include "util/text/buf.h"

enum content_kind {
	CONTENT_TEXT,		/* anything without structure that may be encoded */
	CONTENT_MULTIPART,
	CONTENT_MESSAGE,	/* a message is inside */
	CONTENT_REPORT,		/* other message types: never encoded */
};

enum content_encoding {
	ENCODING_7BIT, ENCODING_8BIT, ENCODING_BINARY, ENCODING_QUOTED_PRINTABLE, ENCODING_BASE64, ENCODING_OTHER,
};

/* The value of Content-Type. boundary: replaced by that parameter, unquoted; empty when there is none. */
enum content_kind	content_type_parse(struct view value, struct buf *boundary);
enum content_encoding	content_encoding_parse(struct view value);

#endif
