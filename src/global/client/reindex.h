/*
 * reindex client: nbdb_reindexd makes the lmdb file of a table that is led away from Berkeley DB, for those who must not
 * write beside its source.
 */
#ifndef GLOBAL_CLIENT_REINDEX_H
#define GLOBAL_CLIENT_REINDEX_H

#include "table/table.h"
#include "util/ipc/channel.h"

extern const struct ipc_protocol reindex_protocol;

enum { REINDEX_FRAME_BUILD = FRAME_TYPE_FIRST, REINDEX_FRAME_STATUS };

struct reindex_message {	/* one form for question and answer */
	struct view name;	/* BUILD: the source */
	bool done;		/* STATUS: the file is there */
	struct view why;	/* … or this */
};

void	reindex_message_put(struct buf *out, unsigned type, const struct reindex_message *message);
bool	reindex_message_get(const struct frame *frame, unsigned type, struct reindex_message *message, struct buf *why);

/* Lets tables of this env ask the service (table_env.rebuild). */
void	reindex_enable(struct table_env *env);

#endif
