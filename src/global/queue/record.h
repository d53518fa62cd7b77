/*
 * record: the records queue files are made of (doc/queue-file.md): type, length in groups of 7 bits, data.
 */
#ifndef GLOBAL_QUEUE_RECORD_H
#define GLOBAL_QUEUE_RECORD_H

#include <stdbool.h>

#include "util/text/buf.h"
#include "util/text/cursor.h"

enum record_type {
	RECORD_SIZE = 'C', RECORD_TIME = 'T', RECORD_CREATE_TIME = 'c', RECORD_FULL_NAME = 'F', RECORD_INSPECT = 'I',
	RECORD_FILTER = 'L', RECORD_SENDER = 'S', RECORD_DONE = 'D', RECORD_RECIPIENT = 'R', RECORD_ORIGINAL = 'O',
	RECORD_CANCELLED = '/', RECORD_WARN_TIME = 'W', RECORD_ATTRIBUTE = 'A', RECORD_KILLED = 'K', RECORD_REDIRECT = '>',
	RECORD_CONTENT = 'M', RECORD_LONG = 'L', RECORD_LINE = 'N', RECORD_PADDING = 'w', RECORD_EXTRACTED = 'X',
	RECORD_RETURN_RECEIPT = 'r', RECORD_ERRORS_TO = 'e', RECORD_PRIORITY = 'P', RECORD_POINTER = 'p', RECORD_VERP = 'V',
	RECORD_END = 'E', RECORD_FLAGS = 'f', RECORD_DELAY = 'd', RECORD_MILTERS = 'm',
	/* never on disk: attributes mapped when read */
	RECORD_DSN_RET = '<', RECORD_DSN_ENVID = 'i', RECORD_DSN_ORCPT = 'o', RECORD_DSN_NOTIFY = 'n',
};

enum { RECORD_HEADER_MAX = 6, RECORD_POINTER_DATA = 15 };

struct record {
	int type;			/* 0..255 */
	struct view data;
};

/* Appends a record to a buffer. */
void	record_put(struct buf *out, int type, struct view data);
void	record_printf(struct buf *out, int type, const char *format, ...) __attribute__((format(printf, 3, 4)));
void	record_put_attribute(struct buf *out, const char *name, struct view value);	/* nothing when value is empty */
/* Takes one record: 1 taken, 0 the bytes end inside it, -1 malformed length. data_max bounds the data (0: INT32_MAX). */
int	record_parse(struct cursor *in, size_t data_max, struct record *out);
size_t	record_encoded_size(size_t data_len);
bool	record_attribute(struct view data, struct view *name, struct view *value);	/* splits "name=value" */

#endif
