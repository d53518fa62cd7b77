/*
 * type: what a table type implements, for the files of this folder and for layers that register their own.
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
	void (*close)(void *state);
};

/* What open found out about the table. */
struct table_traits {
	enum table_kind kind;
	bool stable, remote;
	uid_t owner;
	bool owner_trusted;
};

struct table_type {
	const char *name;			/* "hash" */
	const struct table_ops *ops;
	/* State, or NULL with a reason. name is what follows "type:". */
	void *(*open)(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why);
	bool makes_files;			/* postmap can build one from a source file */
};

#endif
