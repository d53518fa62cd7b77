/*
 * table: lookup tables. `type:name` opens one; a key gives a value, nothing, or "could not ask", and these three are
 * never mixed up. A type is a const struct of functions in a file of its own; heavy ones are modules.
 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/base/clock.h"
#include "util/text/buf.h"

enum lookup { LOOKUP_FOUND, LOOKUP_NONE, LOOKUP_RETRY };

enum {
	TABLE_FOLD_FIXED	= 1 << 0,	/* lower-case keys of fixed-string types (ASCII, or UTF-8 with env->utf8) */
	TABLE_FOLD_PATTERN	= 1 << 1,	/* … and of pattern types */
	TABLE_NO_SUBSTITUTION	= 1 << 2,	/* refuse $1 in results: alias, transport and other security tables */
	TABLE_NO_UNAUTHORISED	= 1 << 3,	/* refuse types others could write to or answer for (tcp …): local delivery */
	TABLE_WRITE		= 1 << 4,	/* read and write, created when missing */
	TABLE_BULK		= 1 << 5,	/* with WRITE: rebuild from empty (postmap) */
	TABLE_DUP_WARN		= 1 << 6,
	TABLE_DUP_IGNORE	= 1 << 7,
	TABLE_DUP_REPLACE	= 1 << 8,
	TABLE_ADD_NUL		= 1 << 10,	/* indexed files: keys and values end in a NUL, */
	TABLE_NO_NUL		= 1 << 11,	/* … or do not; neither said: see nul.h */
};

enum table_kind {
	TABLE_FIXED,		/* keys compare whole; callers make partial keys */
	TABLE_PATTERN,		/* the whole key once, the table does the matching */
};

struct table;
struct table_type;

/* What a table may ask of its surroundings. Passed by reference; must outlive the tables. */
struct table_env {
	bool utf8;					/* smtputf8_enable */
	/* A setting for table types with parameters (memcache, SQL from main.cf): expanded value or NULL. */
	const char *(*setting)(void *arg, const char *name);
	void *arg;
	size_t lmdb_map_size;
	size_t bdb_read_cache, bdb_create_cache;	/* berkeley_db_*_buffer_size */
	const char *default_type;			/* default_database_type: for names without "type:" */
	const char *config_directory;
	/*
	 * One that cannot be opened: a warning, an error (both with answers that say so), or the end of the process; or
	 * nothing, for who looks at table_broken() and tells it.
	 */
	enum { TABLE_ERROR_WARN, TABLE_ERROR_LOG, TABLE_ERROR_FATAL, TABLE_ERROR_SILENT } open_error;
	/* Told what a table needs of a confined process (util/process/sandbox.h); may be NULL. */
	void (*promise)(void *arg, const char *words);
	void *promise_arg;
	/* Somebody with more rights makes the file of a table that lacks it. False with a reason, if any; may be NULL. */
	bool (*rebuild)(const struct table_env *env, const char *name, struct buf *why);
};

/*
 * Opens; never NULL: a table that could not be opened answers LOOKUP_RETRY to everything and has warned once
 * (table_broken()). Security refusals (flags above) are of this kind too.
 */
struct table	*table_open(const struct table_env *env, struct view type_and_name, unsigned flags);
void		 table_close(struct table *table);
/* "type:name" → both, views into text (and env); a text without a type is a name of the default one. */
void		 table_split_name(const struct table_env *env, struct view text, struct view *type, struct view *name);
const char	*table_broken(const struct table *table);	/* why it cannot be used, or NULL */
const char	*table_name(const struct table *table);		/* "hash:/etc/postfix/access" */
enum table_kind	 table_kind(const struct table *table);
bool		 table_stable(const struct table *table);	/* a local text or file whose change we see (for caching answers) */
bool		 table_changed(struct table *table);		/* the file is another one now: reopen, or restart */
uid_t		 table_owner(const struct table *table, bool *trusted);	/* trusted false: nobody answers for the content */
bool		 table_is_remote(const struct table *table);	/* a lookup may leave this machine or block */

/* Replaces *value when found. The key is folded here as the flags say. why only with LOOKUP_RETRY. */
enum lookup	 table_lookup(struct table *table, struct view key, struct buf *value, struct buf *why);
/* The last LOOKUP_RETRY was a server's word that it will never answer: whoever asks is configured wrongly. */
bool		 table_refused(const struct table *table);

/*
 * Behind the next key, this one may be asked for, too: a table behind a connection can bring both answers at once.
 * table_wants_announcements(): is it worth telling?
 */
bool		 table_wants_announcements(const struct table *table);
void		 table_announce(struct table *table, struct view key);

/* Tables opened with TABLE_WRITE. */
bool		 table_update(struct table *table, struct view key, struct view value, struct buf *why);
enum lookup	 table_delete(struct table *table, struct view key, struct buf *why);
/* Walks all pairs: first (restart true), then the next. LOOKUP_NONE behind the last. The current one may be deleted. */
enum lookup	 table_next(struct table *table, bool restart, struct buf *key, struct buf *value, struct buf *why);
bool		 table_commit(struct table *table, struct buf *why);	/* TABLE_BULK: makes the new content visible */

/* Loads the module of a type, if it is one: for those who will open such tables when they can load nothing any more. */
void		 table_load_type(const struct table_env *env, struct view type);
void		 table_register(const struct table_type *type);	/* layers above add their own (proxy); the last of a name counts */
/* Calls each() for every type that can be opened here. */
void		 table_each_type(const struct table_env *env, void (*each)(const char *name, void *arg), void *arg);

#endif
