/*
 * type: what a table type implements, for the files of this folder and for layers that register their own.
 *
 * Keys arrive folded. A state belongs to one table and is closed with it. An operation that fails says why; whoever
 * asked logs it.
 */
#ifndef TABLE_TYPE_H
#define TABLE_TYPE_H

#include <sys/stat.h>

#include "table/table.h"

struct table_ops {
	enum lookup (*lookup)(void *state, struct view key, struct buf *value, struct buf *why);
	bool (*update)(void *state, struct view key, struct view value, struct buf *why);	/* NULL: read only */
	enum lookup (*remove)(void *state, struct view key, struct buf *why);
	enum lookup (*next)(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why);
	bool (*commit)(void *state, struct buf *why);
	bool (*changed)(void *state);
	void (*announce)(void *state, struct view key);		/* NULL: of no use; see table_announce() */
	void (*close)(void *state);
	bool (*refused)(void *state);		/* see table_refused(); NULL: never */
};

/* What open found out about the table. */
struct table_traits {
	enum table_kind kind;
	bool stable, remote;
	bool transparent;			/* keys go to inner tables, which fold for themselves */
	uid_t owner;
	bool owner_trusted;
};

struct table_type {
	const char *name;			/* "hash" */
	const struct table_ops *ops;		/* NULL: left out of this build */
	/* State, or NULL with a reason. name is what follows "type:". */
	void *(*open)(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why);
	bool makes_files;			/* postmap can build one from a source file */
	const char *promises;			/* what lookups need of a confined process; NULL: nothing */
	bool (*load)(struct buf *why);		/* the library behind it, before the first open; NULL: none */
};

/* For updates that keep the first value of a key (TABLE_DUP_WARN, TABLE_DUP_IGNORE): says so, when asked to. */
void	table_warn_duplicate(const char *file, struct view key, unsigned flags);

#endif
