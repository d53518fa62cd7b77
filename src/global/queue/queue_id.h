/*
 * queue_id: queue ids, which are file names, and where a file of that name belongs. All paths are relative to
 * queue_directory, the working directory of every queue program.
 */
#ifndef GLOBAL_QUEUE_QUEUE_ID_H
#define GLOBAL_QUEUE_QUEUE_ID_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>

#include "global/config/config.h"
#include "util/text/buf.h"

#define QUEUE_MAILDROP	"maildrop"
#define QUEUE_INCOMING	"incoming"
#define QUEUE_ACTIVE	"active"
#define QUEUE_DEFERRED	"deferred"
#define QUEUE_HOLD	"hold"
#define QUEUE_SAVED	"saved"		/* what is done with, where dont_remove asks for it */
#define QUEUE_CORRUPT	"corrupt"
#define QUEUE_BOUNCE	"bounce"
#define QUEUE_DEFER	"defer"
#define QUEUE_TRACE	"trace"
#define QUEUE_FLUSH	"flush"

enum { QUEUE_ID_MAX = 255 };

struct queue_layout {		/* from hash_queue_names, hash_queue_depth, enable_long_queue_ids */
	const char *hashed_names;
	int hash_depth;
	bool long_ids;
};

extern const struct binding queue_layout_bindings[];	/* fill a struct queue_layout */

bool	queue_id_valid(struct view id);				/* letters and digits, 1..QUEUE_ID_MAX */
bool	queue_id_is_long(struct view id);
void	queue_id_make(struct buf *out, bool long_form, struct timeval when, ino_t inode);
bool	queue_id_inode(struct view id, ino_t *inode);
bool	queue_id_time(struct view id, struct timeval *when);	/* long ids only */
bool	queue_name_valid(struct view name);
bool	queue_flush_name_valid(struct view name);		/* as an id, with '_': a destination in flush/ */
/* "deferred/B/B7EAEA7605C" */
void	queue_path(struct buf *out, const struct queue_layout *layout, const char *queue, struct view id);

/*
 * renameat2(RENAME_NOREPLACE) where possible; makes missing hash directories. A file that has both names already, because
 * a power cut undid half of a rename, keeps the new one. False with errno (ENOENT: somebody else moved it).
 */
bool	queue_move(const struct queue_layout *layout, const char *from_queue, const char *to_queue, struct view id, struct buf *why);
/* The same for paths as found, where the layout is not what it should be. */
bool	queue_rename(const char *from, const char *to, struct buf *why);
bool	queue_make_directories(const char *path, struct buf *why);	/* those above path, mode 0700 */
bool	queue_remove(const struct queue_layout *layout, const char *queue, struct view id, struct buf *why);
/* Is this a complete queue file? lstat test of doc/queue-file.md, section 3. */
bool	queue_file_complete(const struct stat *st);

#endif
