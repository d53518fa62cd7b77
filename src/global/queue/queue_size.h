/*
 * queue_size: the first record of a queue file: sizes, counts and options of the message (doc/queue-file.md, section 5).
 */
#ifndef GLOBAL_QUEUE_QUEUE_SIZE_H
#define GLOBAL_QUEUE_QUEUE_SIZE_H

#include <stdbool.h>

#include "util/text/buf.h"
#include "util/text/cursor.h"

struct queue_size {
	long long content_size;		/* bytes of the content's records as they are laid out */
	long long data_offset;		/* of the first record of the content */
	long long recipients;		/* R records written */
	long long qmgr_flags;
	long long logical_size;		/* bytes of content that count: what is logged as size= */
	long long options;		/* QUEUE_OPTION_… */
};

enum {
	QUEUE_OPTION_SMTPUTF8_REQUESTED = 1, QUEUE_OPTION_SMTPUTF8_HEADER = 2, QUEUE_OPTION_SMTPUTF8_SENDER = 4,
	QUEUE_OPTION_SMTPUTF8_RECIPIENT = 8, QUEUE_OPTION_TLS_NOT_REQUIRED = 16, QUEUE_OPTION_REQUIRETLS = 32,
};

void	queue_size_put(struct buf *out, const struct queue_size *size);	/* the data: always 95 bytes */
void	queue_options_put(struct buf *out, long long options);	/* the same, of a message whose sizes nobody knows yet */
/* data_offset is 0 when the record tells no layout: mail from maildrop, unfinished or very old files. */
bool	queue_size_parse(struct view data, struct queue_size *out);
bool	queue_number(struct cursor *in, long long *out);	/* blanks, sign, digits: "%15ld", here and in pointers */

#endif
