#include "config.h"
#include "table/types.h"

/*
 * lmdb: LMDB files, `name.lmdb`: one file, no lock file. Several processes may write, one at a time.
 *
 * The library's own locks are off; an fcntl lock on the data file stands in for them: shared around each reading
 * transaction, exclusive around each writing one. A rebuild is one transaction in the file itself, never a rename:
 * readers would keep the old file. It is made at commit, in the order of the keys; a file that is new then is none for
 * readers until it is done. When the map is full it is doubled, and the transaction made again.
 */
#ifdef HAVE_LMDB

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <unistd.h>

#include "table/gather.h"
#include "table/nul.h"
#include "table/stamp.h"
#include "util/base/number.h"
#include "util/file/file.h"
#include "util/process/library.h"

enum { WAIT_MS = 300000, NEW_FILE_MODE = 0666, GROW_MAX = 40, BYTES_PER_PAIR = 32 };

static struct {
	__typeof__(mdb_cursor_close) *cursor_close;
	__typeof__(mdb_cursor_get) *cursor_get;
	__typeof__(mdb_cursor_open) *cursor_open;
	__typeof__(mdb_dbi_open) *dbi_open;
	__typeof__(mdb_del) *del;
	__typeof__(mdb_drop) *drop;
	__typeof__(mdb_env_close) *env_close;
	__typeof__(mdb_env_create) *env_create;
	__typeof__(mdb_env_get_fd) *env_get_fd;
	__typeof__(mdb_env_info) *env_info;
	__typeof__(mdb_env_open) *env_open;
	__typeof__(mdb_env_set_mapsize) *env_set_mapsize;
	__typeof__(mdb_get) *get;
	__typeof__(mdb_put) *put;
	__typeof__(mdb_strerror) *strerror;
	__typeof__(mdb_txn_abort) *txn_abort;
	__typeof__(mdb_txn_begin) *txn_begin;
	__typeof__(mdb_txn_commit) *txn_commit;
} mdb;

static const struct library_function functions[] = {
	{ "mdb_cursor_close", &mdb.cursor_close }, { "mdb_cursor_get", &mdb.cursor_get },
	{ "mdb_cursor_open", &mdb.cursor_open }, { "mdb_dbi_open", &mdb.dbi_open }, { "mdb_del", &mdb.del },
	{ "mdb_drop", &mdb.drop }, { "mdb_env_close", &mdb.env_close },
	{ "mdb_env_create", &mdb.env_create }, { "mdb_env_get_fd", &mdb.env_get_fd },
	{ "mdb_env_info", &mdb.env_info }, { "mdb_env_open", &mdb.env_open },
	{ "mdb_env_set_mapsize", &mdb.env_set_mapsize }, { "mdb_get", &mdb.get }, { "mdb_put", &mdb.put },
	{ "mdb_strerror", &mdb.strerror }, { "mdb_txn_abort", &mdb.txn_abort },
	{ "mdb_txn_begin", &mdb.txn_begin }, { "mdb_txn_commit", &mdb.txn_commit }, { NULL },
};

static bool
load(struct buf *why)
{
	return library_load(LMDB_LIBRARY, functions, why);
}

struct lmdb {
	char *path;			/* name.lmdb */
	MDB_env *env;
	MDB_dbi dbi;
	int fd;				/* the library's, for locks; in a rebuild our own */
	size_t map_size;		/* at first */
	struct gather *gather;		/* a rebuild's pairs until the commit */
	struct buf position;		/* the last key of a walk; all transactions are short */
	unsigned flags;
	struct nul_style nul;
	struct buf key, value;
};

static bool
fail(const struct lmdb *l, const char *what, int error, struct buf *why)
{
	why_set(why, "%s %s: %s", what, l->path, mdb.strerror(error));
	errno = error > 0 ? error : EIO;
	return false;
}

/* -- transactions ----------------------------------------------------------------------------------------------------- */

static int
lock(const struct lmdb *l, enum file_lock_kind kind)
{
	if (file_lock(l->fd, FILE_LOCK_FCNTL, kind, clock_deadline(WAIT_MS)))
		return 0;
	return errno != 0 ? errno : EAGAIN;
}

static void
unlock(const struct lmdb *l)
{
	file_lock(l->fd, FILE_LOCK_FCNTL, FILE_LOCK_NONE, 0);
}

/* Another process may have made the map larger. */
static int
begin_locked(struct lmdb *l, unsigned flags, MDB_txn **txn)
{
	int error = mdb.txn_begin(l->env, NULL, flags, txn);

	if (error != MDB_MAP_RESIZED)
		return error;
	if ((error = mdb.env_set_mapsize(l->env, 0)) != 0)
		return error;
	return mdb.txn_begin(l->env, NULL, flags, txn);
}

static int
begin(struct lmdb *l, bool write, MDB_txn **txn)
{
	int error = lock(l, write ? FILE_LOCK_EXCLUSIVE : FILE_LOCK_SHARED);

	if (error == 0 && (error = begin_locked(l, write ? 0 : MDB_RDONLY, txn)) != 0)
		unlock(l);
	return error;
}

/* Commits when error is 0, else gives up. */
static int
end(struct lmdb *l, MDB_txn *txn, int error)
{
	if (error == 0)
		error = mdb.txn_commit(txn);
	else
		mdb.txn_abort(txn);
	unlock(l);
	return error;
}

static int
double_map(struct lmdb *l)
{
	MDB_envinfo info;
	size_t size;

	mdb.env_info(l->env, &info);
	if (!size_mul(info.me_mapsize, 2, &size))
		return ENOMEM;
	return mdb.env_set_mapsize(l->env, size);
}

/* -- opening ---------------------------------------------------------------------------------------------------------- */

/* Does the path lead to the file that is open, and is there something in it? */
static bool
is_at_path(const struct lmdb *l, bool *empty)
{
	struct stat by_fd, by_path;

	if (fstat(l->fd, &by_fd) == -1 || stat(l->path, &by_path) == -1)
		return false;
	*empty = by_fd.st_size == 0;
	return by_fd.st_dev == by_path.st_dev && by_fd.st_ino == by_path.st_ino;
}

/* A file that was made for a rebuild which then was given up. */
static void
remove_if_empty(const struct lmdb *l)
{
	bool empty;

	if (is_at_path(l, &empty) && empty && lock(l, FILE_LOCK_EXCLUSIVE) == 0 && is_at_path(l, &empty) && empty)
		unlink(l->path);
}

static void
lmdb_close(void *state)
{
	struct lmdb *l = state;

	if (l->env != NULL)
		mdb.env_close(l->env);
	else if (l->gather != NULL && l->fd != -1)
		remove_if_empty(l);
	if (l->gather != NULL && l->fd != -1)
		close(l->fd);
	gather_free(l->gather);
	buf_fini(&l->position);
	buf_fini(&l->key);
	buf_fini(&l->value);
	mem_free(l->path);
	mem_free(l);
}

static int
open_env(struct lmdb *l)
{
	unsigned how = MDB_NOSUBDIR | MDB_NOLOCK | ((l->flags & TABLE_WRITE) != 0 ? 0 : MDB_RDONLY);
	int error = mdb.env_create(&l->env);

	if (error != 0) {
		l->env = NULL;
		return error;
	}
	if (l->map_size > 0)
		mdb.env_set_mapsize(l->env, l->map_size);
	return mdb.env_open(l->env, l->path, how, NEW_FILE_MODE);
}

static int
open_dbi(struct lmdb *l)
{
	MDB_txn *txn;
	int error = begin(l, (l->flags & TABLE_WRITE) != 0, &txn);

	if (error != 0)
		return error;
	return end(l, txn, mdb.dbi_open(txn, NULL, 0, &l->dbi));
}

static int
open_database(struct lmdb *l)
{
	int error = open_env(l);

	if (error == 0)
		error = mdb.env_get_fd(l->env, &l->fd);
	return error == 0 ? open_dbi(l) : error;
}

/* Whether it can be written had better be known before the source is read. */
static int
open_to_rebuild(struct lmdb *l)
{
	l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC, NEW_FILE_MODE);
	return l->fd == -1 ? errno : 0;
}

static void
warn_if_older(const struct lmdb *l, const char *source, const struct stat *st)
{
	struct stamp stamp;

	stamp_take(&stamp, l->path, st);
	stamp_warn_if_older(&stamp, source);
	stamp_fini(&stamp);
}

static void *
lmdb_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct lmdb *l = mem_new(sizeof(*l));
	struct buf path = BUF_INIT;
	struct stat st;
	int error;

	buf_printf(&path, "%s.lmdb", name);
	l->path = buf_detach(&path);
	l->fd = -1;
	l->flags = flags;
	l->nul = nul_style_of(flags);
	l->map_size = env->lmdb_map_size;
	if ((flags & TABLE_BULK) != 0)
		l->gather = gather_new();
	error = l->gather != NULL ? open_to_rebuild(l) : open_database(l);
	if (error != 0 || fstat(l->fd, &st) == -1) {
		fail(l, "open database", error != 0 ? error : errno, why);
		lmdb_close(l);
		return NULL;
	}
	stamp_traits(&st, traits);
	if ((flags & TABLE_WRITE) == 0)
		warn_if_older(l, name, &st);
	return l;
}

/* -- using ------------------------------------------------------------------------------------------------------------ */

static MDB_val
val_of(struct view v)
{
	return (MDB_val){ .mv_size = v.len, .mv_data = (void *)(uintptr_t)v.data };
}

static struct view
view_of(const MDB_val *v)
{
	return view_bytes(v->mv_data, v->mv_size);
}

static int
get_form(struct lmdb *l, MDB_txn *txn, struct view key, bool with_nul, struct buf *value)
{
	MDB_val k = val_of(nul_put(&l->key, key, with_nul)), v;
	int error = mdb.get(txn, l->dbi, &k, &v);

	if (error == 0)
		buf_set(value, with_nul ? nul_cut(view_of(&v)) : view_of(&v));
	return error == MDB_BAD_VALSIZE ? MDB_NOTFOUND : error;		/* too long to be there */
}

static int
get(struct lmdb *l, MDB_txn *txn, struct view key, struct buf *value)
{
	int error = MDB_NOTFOUND;

	if (l->nul.with && (error = get_form(l, txn, key, true, value)) == 0)
		l->nul.without = false;
	if (error == MDB_NOTFOUND && l->nul.without && (error = get_form(l, txn, key, false, value)) == 0)
		l->nul.with = false;
	return error;
}

static enum lookup
result_of(const struct lmdb *l, const char *what, int error, struct buf *why)
{
	if (error == 0)
		return LOOKUP_FOUND;
	if (error == MDB_NOTFOUND)
		return LOOKUP_NONE;
	fail(l, what, error, why);
	return LOOKUP_RETRY;
}

static enum lookup
lmdb_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct lmdb *l = state;
	MDB_txn *txn;
	int error = EBADF;

	if (l->gather != NULL || (error = begin(l, false, &txn)) != 0)
		return result_of(l, "read", error == MDB_NOTFOUND ? EIO : error, why);
	error = get(l, txn, key, value);
	mdb.txn_abort(txn);
	unlock(l);
	return result_of(l, "read", error, why);
}

static int
put(struct lmdb *l, MDB_txn *txn, struct view key, struct view value, unsigned how)
{
	MDB_val k = val_of(key), v = val_of(value);

	return mdb.put(txn, l->dbi, &k, &v, how);
}

static int
put_single(struct lmdb *l, struct view key, struct view value, unsigned how)
{
	int error = MDB_MAP_FULL;
	MDB_txn *txn;

	for (int i = 0; i < GROW_MAX && error == MDB_MAP_FULL; i++) {
		if ((error = begin(l, true, &txn)) != 0)
			return error;
		error = end(l, txn, put(l, txn, key, value, how));
		if (error == MDB_MAP_FULL && double_map(l) != 0)
			return MDB_MAP_FULL;
	}
	return error;
}

static bool
lmdb_update(void *state, struct view key, struct view value, struct buf *why)
{
	struct lmdb *l = state;
	bool keep = (l->flags & (TABLE_DUP_WARN | TABLE_DUP_IGNORE)) != 0;
	struct view k = nul_put(&l->key, key, l->nul.with), v = nul_put(&l->value, value, l->nul.with);
	int error;

	if (l->gather != NULL) {
		gather_put(l->gather, k, v);
		return true;
	}
	error = put_single(l, k, v, keep ? MDB_NOOVERWRITE : 0);
	if (error == MDB_KEYEXIST)
		table_warn_duplicate(l->path, key, l->flags);
	return error == 0 || error == MDB_KEYEXIST || fail(l, "write", error, why);
}

static int
remove_form(struct lmdb *l, MDB_txn *txn, struct view key, bool with_nul)
{
	MDB_val k = val_of(nul_put(&l->key, key, with_nul));
	int error = mdb.del(txn, l->dbi, &k, NULL);

	return error == MDB_BAD_VALSIZE ? MDB_NOTFOUND : error;
}

static enum lookup
lmdb_remove(void *state, struct view key, struct buf *why)
{
	struct lmdb *l = state;
	int error = MDB_NOTFOUND;
	MDB_txn *txn;

	if ((l->flags & TABLE_BULK) != 0 || (error = begin(l, true, &txn)) != 0)
		return result_of(l, "delete from", error == MDB_NOTFOUND ? EBADF : error, why);
	error = l->nul.with ? remove_form(l, txn, key, true) : MDB_NOTFOUND;
	if (error == MDB_NOTFOUND && l->nul.without)
		error = remove_form(l, txn, key, false);
	return result_of(l, "delete from", end(l, txn, error), why);
}

/* Where the walk goes on: behind the last key, be it there or deleted meanwhile. */
static int
step(const struct lmdb *l, MDB_cursor *cursor, bool restart, MDB_val *k, MDB_val *v)
{
	struct view last = buf_view(&l->position);
	int error;

	if (restart)
		return mdb.cursor_get(cursor, k, v, MDB_FIRST);
	*k = val_of(last);
	error = mdb.cursor_get(cursor, k, v, MDB_SET_RANGE);
	if (error == 0 && view_equal(view_of(k), last))
		error = mdb.cursor_get(cursor, k, v, MDB_NEXT);
	return error;
}

static int
walk(struct lmdb *l, MDB_txn *txn, bool restart, struct buf *key, struct buf *value)
{
	MDB_cursor *cursor;
	MDB_val k, v;
	int error = mdb.cursor_open(txn, l->dbi, &cursor);

	if (error != 0)
		return error;
	if ((error = step(l, cursor, restart, &k, &v)) == 0) {
		buf_set(key, nul_cut(view_of(&k)));
		buf_set(value, nul_cut(view_of(&v)));
		buf_set(&l->position, view_of(&k));
	}
	mdb.cursor_close(cursor);
	return error;
}

static enum lookup
lmdb_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	struct lmdb *l = state;
	MDB_txn *txn;
	int error;

	if (!restart && l->position.len == 0)
		return LOOKUP_NONE;
	if ((l->flags & TABLE_BULK) != 0 || (error = begin(l, false, &txn)) != 0) {
		fail(l, "list", EBADF, why);
		return LOOKUP_RETRY;
	}
	error = walk(l, txn, restart, key, value);
	mdb.txn_abort(txn);
	unlock(l);
	return result_of(l, "list", error, why);
}

/* -- rebuilding ------------------------------------------------------------------------------------------------------- */

struct rebuild {
	struct lmdb *l;
	MDB_txn *txn;
	struct view key;		/* the current one */
	int error;
};

/* A map that holds the old content and the new, so that it need not be doubled while that is written. */
static void
enlarge_map(struct lmdb *l)
{
	size_t need = 2 * gather_bytes(l->gather) + BYTES_PER_PAIR * gather_count(l->gather);
	struct stat st;

	if (fstat(l->fd, &st) == 0)
		need += (size_t)st.st_size;
	while (l->map_size > 0 && l->map_size < need)
		l->map_size *= 2;
}

static bool
append(void *arg, struct view key, struct view value, struct buf *why)
{
	struct rebuild *r = arg;

	r->key = key;
	r->error = put(r->l, r->txn, key, value, MDB_APPEND);
	return r->error == 0;
}

/* All pairs in one transaction. */
static int
rewrite(struct rebuild *r)
{
	struct lmdb *l = r->l;
	int error = begin_locked(l, 0, &r->txn);

	if (error != 0)
		return error;
	if ((error = mdb.dbi_open(r->txn, NULL, 0, &l->dbi)) == 0 && (error = mdb.drop(r->txn, l->dbi, 0)) == 0 &&
	    gather_each(l->gather, append, r, NULL))
		return mdb.txn_commit(r->txn);
	mdb.txn_abort(r->txn);
	return error != 0 ? error : r->error;
}

/* What was removed while we waited is let go. */
static int
lock_to_rebuild(struct lmdb *l, bool *fresh)
{
	int error;

	while ((error = lock(l, FILE_LOCK_EXCLUSIVE)) == 0 && !is_at_path(l, fresh)) {
		close(l->fd);
		if ((error = open_to_rebuild(l)) != 0)
			break;
	}
	return error;
}

static bool
why_not_rebuilt(const struct rebuild *r, int error, struct buf *why)
{
	if (error != MDB_BAD_VALSIZE)
		return fail(r->l, "write", error, why);
	why_set(why, "write %s: too long a key, of %zu bytes: \"%.*s...\"", r->l->path, r->key.len,
	    (int)(r->key.len < 40 ? r->key.len : 40), r->key.data);
	return false;
}

static bool
lmdb_commit(void *state, struct buf *why)
{
	struct rebuild r = { .l = state };
	struct lmdb *l = state;
	bool fresh = false;
	int error;

	if (l->gather == NULL)
		return true;
	if (l->env != NULL)
		return fail(l, "write", EBADF, why);
	gather_sort(l->gather, NULL, NULL, l->path, l->flags);
	enlarge_map(l);
	if ((error = lock_to_rebuild(l, &fresh)) == 0 && (error = open_env(l)) == 0)
		error = rewrite(&r);
	for (int i = 0; i < GROW_MAX && error == MDB_MAP_FULL; i++)
		if ((error = double_map(l)) == 0)
			error = rewrite(&r);
	if (error != 0 && fresh)
		unlink(l->path);	/* it would be an empty database */
	unlock(l);
	return error == 0 || why_not_rebuilt(&r, error, why);
}

static const struct table_ops ops = {
	.lookup = lmdb_lookup,
	.update = lmdb_update,
	.remove = lmdb_remove,
	.next = lmdb_next,
	.commit = lmdb_commit,
	.close = lmdb_close,
};

const struct table_type table_lmdb = {
	.name = "lmdb", .ops = &ops, .open = lmdb_open, .makes_files = true, .load = load,
};

#endif
