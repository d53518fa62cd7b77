/*
 * content: sends the content of a queue file as SMTP wants it: CR LF, dots doubled, long lines folded (RFC 5321, 4.5). On
 * the way it may be edited: eight bits encoded, addresses mapped, headers and lines changed by checks.
 */
#ifndef SMTP_CONTENT_H
#define SMTP_CONTENT_H

#include "global/delivery/delivery.h"
#include "smtp/client.h"
#include "util/net/stream.h"

enum content_result {
	CONTENT_SENT,		/* or at least written: part of it may be in the stream's buffer */
	CONTENT_CORRUPT,	/* the queue file */
	CONTENT_UNREADABLE,	/* … or its disk */
	CONTENT_FAILED,		/* a table could not be asked */
};

/* All but the final dot. to_7bit: this server takes nothing else. A lost connection shows when the stream is flushed. */
enum content_result content_send(struct stream *to, const struct client *client, const struct delivery_request *request,
	    bool to_7bit);

#endif
