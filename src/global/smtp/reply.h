/*
 * reply: SMTP replies as data, for servers (one writer that splits lines) and clients (a parser with bounds).
 */
#ifndef GLOBAL_SMTP_REPLY_H
#define GLOBAL_SMTP_REPLY_H

#include <stdbool.h>

#include "global/dsn/dsn.h"
#include "util/net/stream.h"

/* Writes "ddd[ -]text CRLF" for each line of text (any line ends); control bytes become '?'. */
void	smtp_reply_put(struct stream *to, int code, const char *enhanced, struct view text);

struct smtp_reply {
	int code;				/* 200..599 */
	char dsn[DSN_STATUS_SIZE];		/* of the last line, when valid and of the same class; else "" */
	struct buf text;			/* all lines, "\n" between, codes included */
	/* Or NULL: sees, and may change, each line before it is parsed. False: what to make of it is not known. */
	bool (*filter)(void *arg, struct buf *line);
	void *filter_arg;
};

/* Reads one reply: at most lines_max lines of line_max bytes. Malformed or mixed codes: STREAM_ERROR with errno EPROTO; with
 * ENODATA, when the filter failed. */
enum stream_result smtp_reply_read(struct stream *from, size_t line_max, size_t lines_max, struct smtp_reply *out);

#endif
