/*
 * json: text as a JSON string (RFC 8259, 7). What is not UTF-8 becomes U+FFFD, byte for byte.
 */
#ifndef UTIL_TEXT_JSON_H
#define UTIL_TEXT_JSON_H

#include "util/text/buf.h"

void	json_put_string(struct buf *out, struct view text);	/* with the quotes around it */

#endif
