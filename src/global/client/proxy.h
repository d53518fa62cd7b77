/*
 * proxy client: lookup tables that proxymap opens for others: `proxy:type:name`. One process keeps the connection to a
 * database for all, and reads files that a chroot hides. Only tables listed in proxy_read_maps (for writing:
 * proxy_write_maps) are served; any other is a table whose lookups fail.
 */
#ifndef GLOBAL_CLIENT_PROXY_H
#define GLOBAL_CLIENT_PROXY_H

#include "table/table.h"
#include "util/ipc/channel.h"

extern const struct ipc_protocol proxy_protocol;

enum {
	PROXY_FRAME_OPEN = FRAME_TYPE_FIRST, PROXY_FRAME_LOOKUP, PROXY_FRAME_UPDATE, PROXY_FRAME_DELETE, PROXY_FRAME_NEXT,
	PROXY_FRAME_ANSWER,
	PROXY_FRAME_PART,		/* raw bytes in front of the key of the LOOKUP that follows */
};

enum { PROXY_KEY_MAX = 1 << 20 };	/* in parts or not */

/* Each request names its table, since a server that retires forgets all. */
struct proxy_request {
	struct view table;		/* "type:name" */
	uint64_t flags;			/* TABLE_* */
	struct view key, value;
	struct view next;		/* LOOKUP: a key to answer along with it if it is not found; empty: none */
	bool restart;			/* NEXT: from the beginning */
};

enum proxy_status { PROXY_FOUND, PROXY_NONE, PROXY_RETRY, PROXY_DENIED, PROXY_REFUSED };	/* REFUSED: see table_refused() */

struct proxy_answer {
	int status;			/* enum proxy_status; FOUND for OPEN and UPDATE: done */
	struct view key, value;
	struct view why;		/* RETRY, REFUSED */
	int next_status;		/* NONE for a LOOKUP with a next key: what became of that, and its value */
	struct view next_value;
	int kind;			/* OPEN: enum table_kind */
	uint64_t owner;
	bool owner_trusted;
};

void	proxy_register(void);		/* makes "proxy" a table type that asks proxymap or proxywrite */
void	proxy_register_direct(void);	/* for proxymap itself, which must not ask itself: opens the inner table */

/* False: too long. A long key of a LOOKUP goes ahead in parts. */
bool	proxy_request_put(struct buf *out, unsigned type, const struct proxy_request *request);
bool	proxy_request_get(const struct frame *frame, struct proxy_request *request, struct buf *why);
void	proxy_answer_put(struct buf *out, const struct proxy_answer *answer);	/* what is too long becomes RETRY */
bool	proxy_answer_get(const struct frame *frame, struct proxy_answer *answer, struct buf *why);

#endif
