/* content: sends the content of a queue file as SMTP wants it: CR LF, dots doubled, long lines folded (RFC 5321, 4.5). */
#ifndef SMTP_CONTENT_H
#define SMTP_CONTENT_H

#include <sys/types.h>

#include "util/net/stream.h"

enum content_result { CONTENT_SENT, CONTENT_LOST, CONTENT_CORRUPT };

/*
 * From the data offset up to the end of the content segment, and the final dot, unless the content is CORRUPT. result:
 * the write error of LOST.
 */
enum content_result content_send(struct stream *to, int fd, off_t data_offset, size_t line_limit, enum stream_result *result);

#endif
