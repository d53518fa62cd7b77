#include "config.h"
#include "table/types.h"

/*
 * hash and btree: files of Berkeley DB, `name.db`.
 *
 * Readers hold a shared lock during each lookup, for others may write in place. A rebuild goes to `name.db.tmp`, under
 * an exclusive lock that keeps a second rebuild out, and is renamed at commit; where the directory forbids that, it is
 * done in place under an exclusive lock on the file itself. It is written at commit, in the order of its pages: each page
 * is then touched once, however large the file. Who opens for writing otherwise holds an exclusive lock
 * until it closes: two writers would ruin the file.
 */
#ifdef HAVE_DB

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "table/gather.h"
#include "table/nul.h"
#include "table/stamp.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/process/library.h"

enum {
	READER_WAIT_MS = 60000,
	WRITER_WAIT_MS = 5000,		/* another writer is a cache's owner, or a postmap that is soon done */
	REBUILD_WAIT_MS = 300000,
	BUCKETS_MAX = 1 << 28,
	PAGE_SIZE_GUESS = 4096, PAGE_HEADER = 26, PAIR_OVERHEAD = 6,	/* of a page in a hash file */
	NEW_FILE_MODE = 0666,		/* before umask, which the builder sets */
};

static struct {
	__typeof__(db_create) *create;
	__typeof__(db_strerror) *strerror;
	__typeof__(db_env_set_func_malloc) *env_set_func_malloc;
} bdb;

static const struct library_function functions[] = {
	{ "db_create", &bdb.create }, { "db_strerror", &bdb.strerror },
	{ "db_env_set_func_malloc", &bdb.env_set_func_malloc }, { NULL },
};

static bool
load(struct buf *why)
{
	return library_load(DB_LIBRARY, functions, why);
}

struct bdb {
	DBTYPE method;
	char *path;			/* name.db */
	char *tmp;			/* name.db.tmp until a rebuild is renamed; else NULL */
	DB *db;				/* NULL after the commit of a rebuild */
	DBC *cursor;
	struct gather *gather;		/* a rebuild's pairs until the commit */
	size_t create_cache;
	uint32_t bucket_mask;		/* a rebuild's last bucket */
	int fd;				/* of the same file, for locks and times */
	bool lock_each;			/* no lock is held: each call takes one */
	unsigned flags;
	struct nul_style nul;
	struct stamp stamp;
	struct buf key, value;		/* of the current call */
};

static bool
fail(const struct bdb *b, const char *what, int error, struct buf *why)
{
	why_set(why, "%s %s: %s", what, b->path, bdb.strerror(error));
	errno = error > 0 ? error : EIO;
	return false;
}

/* -- opening ---------------------------------------------------------------------------------------------------------- */

/* Pages come from zeroed memory, so that the file holds nothing that this process knew before. */
static void *
zeroed(size_t size)
{
	return calloc(1, size > 0 ? size : 1);
}

static void
note_error(const DB_ENV *env, const char *prefix, const char *text)
{
	log_debug(1, "Berkeley DB: %s", text);
}

static const char *
file_of(const struct bdb *b)
{
	return b->tmp != NULL ? b->tmp : b->path;
}

/* Does the path still lead to the file that the lock is on? */
static bool
same_file(const struct bdb *b)
{
	struct stat by_fd, by_path;

	return fstat(b->fd, &by_fd) == 0 && lstat(file_of(b), &by_path) == 0 && by_fd.st_dev == by_path.st_dev &&
	    by_fd.st_ino == by_path.st_ino;
}

/* Opens for locking, and locks. What was renamed or removed while we waited is let go, and the path tried again. */
static bool
lock_file(struct bdb *b, int flags, enum file_lock_kind kind, msec_t wait_ms, struct buf *why)
{
	msec_t deadline = clock_deadline(wait_ms);

	for (;;) {
		if ((b->fd = open(file_of(b), flags | O_CLOEXEC, NEW_FILE_MODE)) == -1) {
			why_set(why, "open database %s: %s", file_of(b), strerror(errno));
			return false;
		}
		if (!file_lock(b->fd, FILE_LOCK_FLOCK, kind, deadline)) {
			why_set(why, "lock database %s: it is in use by another process", file_of(b));
			return false;
		}
		if (kind == FILE_LOCK_SHARED || same_file(b))
			return true;
		close(b->fd);
	}
}

/*
 * Enough buckets for pages that are three quarters full at most. The library makes nelem / ffactor of them, rounded up to a
 * power of two; it adds what comes to nelem, and more buckets when there are ffactor for each: so nelem says half of them.
 */
static void
set_hash_size(struct bdb *b)
{
	size_t count = gather_count(b->gather), pair = PAIR_OVERHEAD, buckets = 2;
	uint32_t fill;

	if (count > 0)
		pair += gather_bytes(b->gather) / count;
	while (buckets * ((PAGE_SIZE_GUESS - PAGE_HEADER) * 3 / 4) < count * pair && buckets < BUCKETS_MAX)
		buckets *= 2;
	fill = (uint32_t)(count / buckets + 1) * 2;
	b->bucket_mask = (uint32_t)buckets - 1;
	b->db->set_h_ffactor(b->db, fill);
	b->db->set_h_nelem(b->db, fill * (uint32_t)(buckets / 2) + 1);
}

static bool
open_db(struct bdb *b, uint32_t how, size_t cache, struct buf *why)
{
	int error;

	bdb.env_set_func_malloc(zeroed);
	if ((error = bdb.create(&b->db, NULL, 0)) != 0) {
		b->db = NULL;
		return fail(b, "open database", error, why);
	}
	b->db->set_errcall(b->db, note_error);
	if (cache > 0)
		b->db->set_cachesize(b->db, (uint32_t)(cache >> 30), (uint32_t)(cache & ((1u << 30) - 1)), 0);
	if (b->method == DB_HASH && b->gather != NULL)
		set_hash_size(b);
	error = b->db->open(b->db, NULL, file_of(b), NULL, b->method, how, NEW_FILE_MODE);
	return error == 0 || fail(b, "open database", error, why);
}

static bool
open_to_read(struct bdb *b, const struct table_env *env, struct buf *why)
{
	if (!lock_file(b, O_RDONLY, FILE_LOCK_SHARED, READER_WAIT_MS, why) ||
	    !open_db(b, DB_RDONLY, env->bdb_read_cache, why))
		return false;
	file_lock(b->fd, FILE_LOCK_FLOCK, FILE_LOCK_NONE, 0);
	b->lock_each = true;
	return true;
}

static bool
open_to_write(struct bdb *b, const struct table_env *env, struct buf *why)
{
	return lock_file(b, O_RDWR | O_CREAT, FILE_LOCK_EXCLUSIVE, WRITER_WAIT_MS, why) &&
	    open_db(b, DB_CREATE, env->bdb_read_cache, why);
}

/* A temporary file may be left from a process that was killed: what it held and allowed is not ours. */
static bool
make_empty(const struct bdb *b, struct buf *why)
{
	mode_t mask = umask(077);

	umask(mask);
	if (b->tmp != NULL)
		fchmod(b->fd, NEW_FILE_MODE & ~mask);
	if (ftruncate(b->fd, 0) == 0)
		return true;
	why_set(why, "truncate %s: %s", file_of(b), strerror(errno));
	return false;
}

static bool
open_to_rebuild(struct bdb *b, const struct table_env *env, struct buf *why)
{
	struct buf tmp = BUF_INIT;

	buf_printf(&tmp, "%s.tmp", b->path);
	b->tmp = buf_detach(&tmp);
	if (!lock_file(b, O_RDWR | O_CREAT | O_NOFOLLOW, FILE_LOCK_EXCLUSIVE, REBUILD_WAIT_MS, why)) {
		if (b->fd != -1 || faccessat(AT_FDCWD, b->path, W_OK, AT_EACCESS) == -1)
			return false;
		mem_free(b->tmp);
		b->tmp = NULL;		/* no new files here: in place */
		if (!lock_file(b, O_RDWR, FILE_LOCK_EXCLUSIVE, REBUILD_WAIT_MS, why))
			return false;
	}
	b->create_cache = env->bdb_create_cache;
	b->gather = gather_new();
	return true;
}

static void
close_db(struct bdb *b)
{
	if (b->cursor != NULL)
		b->cursor->close(b->cursor);
	if (b->db != NULL)
		b->db->close(b->db, b->tmp != NULL ? DB_NOSYNC : 0);
	if (b->fd != -1)
		close(b->fd);
	b->cursor = NULL;
	b->db = NULL;
	b->fd = -1;
}

static void
bdb_close(void *state)
{
	struct bdb *b = state;

	if (b->tmp != NULL && b->fd != -1)
		unlink(b->tmp);
	close_db(b);
	gather_free(b->gather);
	stamp_fini(&b->stamp);
	buf_fini(&b->key);
	buf_fini(&b->value);
	mem_free(b->tmp);
	mem_free(b->path);
	mem_free(b);
}

/* A rebuild must not turn a link into a file. */
static char *
database_path(const char *name, bool rebuild)
{
	struct buf path = BUF_INIT;
	struct stat st;
	char *real;

	buf_printf(&path, "%s.db", name);
	if (rebuild && lstat(buf_c(&path), &st) == 0 && S_ISLNK(st.st_mode) &&
	    (real = realpath(buf_c(&path), NULL)) != NULL) {
		buf_set(&path, view_string(real));
		free(real);
	}
	return buf_detach(&path);
}

static void *
bdb_open(DBTYPE method, const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits,
    struct buf *why)
{
	struct bdb *b = mem_new(sizeof(*b));
	struct stat st;
	bool good;

	b->method = method;
	b->fd = -1;
	b->flags = flags;
	b->nul = nul_style_of(flags);
	b->path = database_path(name, (flags & TABLE_BULK) != 0);
	good = (flags & TABLE_BULK) != 0 ? open_to_rebuild(b, env, why)
	    : (flags & TABLE_WRITE) != 0 ? open_to_write(b, env, why) : open_to_read(b, env, why);
	if (!good || fstat(b->fd, &st) == -1) {
		bdb_close(b);
		return NULL;
	}
	stamp_take(&b->stamp, b->path, &st);
	stamp_traits(&st, traits);
	if ((flags & TABLE_WRITE) == 0)
		stamp_warn_if_older(&b->stamp, name);
	return b;
}

static void *
hash_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	return bdb_open(DB_HASH, env, name, flags, traits, why);
}

static void *
btree_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	return bdb_open(DB_BTREE, env, name, flags, traits, why);
}

/* -- using ------------------------------------------------------------------------------------------------------------ */

static bool
begin(struct bdb *b, struct buf *why)
{
	if (b->db == NULL) {
		why_set(why, "database %s is closed", b->path);
		return false;
	}
	if (!b->lock_each || file_lock(b->fd, FILE_LOCK_FLOCK, FILE_LOCK_SHARED, clock_deadline(READER_WAIT_MS)))
		return true;
	why_set(why, "lock database %s: it is in use by another process", b->path);
	return false;
}

static void
end(struct bdb *b)
{
	if (b->lock_each)
		file_lock(b->fd, FILE_LOCK_FLOCK, FILE_LOCK_NONE, 0);
}

static DBT
dbt_of(struct view v)
{
	return (DBT){ .data = (void *)(uintptr_t)v.data, .size = (uint32_t)v.len };
}

static struct view
view_of(const DBT *t)
{
	return view_bytes(t->data, t->size);
}

/* One form of the key. 0, DB_NOTFOUND or an error. */
static int
get(struct bdb *b, struct view key, bool with_nul, struct buf *value)
{
	DBT k = dbt_of(nul_put(&b->key, key, with_nul)), v = { 0 };
	int error = b->db->get(b->db, NULL, &k, &v, 0);

	if (error == 0)
		buf_set(value, with_nul ? nul_cut(view_of(&v)) : view_of(&v));
	return error;
}

static enum lookup
bdb_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct bdb *b = state;
	int error = DB_NOTFOUND;

	if (!begin(b, why))
		return LOOKUP_RETRY;
	if (b->nul.with && (error = get(b, key, true, value)) == 0)
		b->nul.without = false;
	if (error == DB_NOTFOUND && b->nul.without && (error = get(b, key, false, value)) == 0)
		b->nul.with = false;
	end(b);
	if (error == 0)
		return LOOKUP_FOUND;
	if (error == DB_NOTFOUND)
		return LOOKUP_NONE;
	fail(b, "read", error, why);
	return LOOKUP_RETRY;
}

static bool
put(void *arg, struct view key, struct view value, struct buf *why)
{
	struct bdb *b = arg;
	DBT k = dbt_of(key), v = dbt_of(value);
	int error = b->db->put(b->db, NULL, &k, &v, 0);

	return error == 0 || fail(b, "write", error, why);
}

static bool
bdb_update(void *state, struct view key, struct view value, struct buf *why)
{
	struct bdb *b = state;
	bool keep = (b->flags & (TABLE_DUP_WARN | TABLE_DUP_IGNORE)) != 0;
	DBT k, v;
	int error;

	if (b->gather != NULL) {
		gather_put(b->gather, nul_put(&b->key, key, b->nul.with), nul_put(&b->value, value, b->nul.with));
		return true;
	}
	if (!begin(b, why))
		return false;
	k = dbt_of(nul_put(&b->key, key, b->nul.with));
	v = dbt_of(nul_put(&b->value, value, b->nul.with));
	error = b->db->put(b->db, NULL, &k, &v, keep ? DB_NOOVERWRITE : 0);
	end(b);
	if (error == DB_KEYEXIST)
		table_warn_duplicate(b->path, key, b->flags);
	return error == 0 || error == DB_KEYEXIST || fail(b, "write", error, why);
}

static int
delete_form(struct bdb *b, struct view key, bool with_nul)
{
	DBT k = dbt_of(nul_put(&b->key, key, with_nul));

	return b->db->del(b->db, NULL, &k, 0);
}

static enum lookup
bdb_remove(void *state, struct view key, struct buf *why)
{
	struct bdb *b = state;
	int error = DB_NOTFOUND;

	if (!begin(b, why))
		return LOOKUP_RETRY;
	if (b->nul.with)
		error = delete_form(b, key, true);
	if (error == DB_NOTFOUND && b->nul.without)
		error = delete_form(b, key, false);
	end(b);
	if (error == 0)
		return LOOKUP_FOUND;
	if (error == DB_NOTFOUND)
		return LOOKUP_NONE;
	fail(b, "delete from", error, why);
	return LOOKUP_RETRY;
}

static int
move_cursor(struct bdb *b, bool restart, struct buf *key, struct buf *value)
{
	DBT k = { 0 }, v = { 0 };
	int error = 0;

	if (b->cursor == NULL)
		error = b->db->cursor(b->db, NULL, &b->cursor, 0);
	if (error == 0)
		error = b->cursor->get(b->cursor, &k, &v, restart ? DB_FIRST : DB_NEXT);
	if (error == 0) {
		buf_set(key, nul_cut(view_of(&k)));
		buf_set(value, nul_cut(view_of(&v)));
	}
	return error;
}

static enum lookup
bdb_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	struct bdb *b = state;
	int error;

	if (!begin(b, why))
		return LOOKUP_RETRY;
	error = move_cursor(b, restart, key, value);
	end(b);
	if (error == 0)
		return LOOKUP_FOUND;
	if (error == DB_NOTFOUND)
		return LOOKUP_NONE;
	fail(b, "list", error, why);
	return LOOKUP_RETRY;
}

static bool
publish(struct bdb *b, struct buf *why)
{
	int error = 0;

	if (rename(b->tmp, b->path) == -1)
		error = errno;
	else
		file_sync_directory(b->path, NULL);
	if (error != 0) {
		unlink(b->tmp);
		fail(b, "rename to", error, why);
	}
	mem_free(b->tmp);
	b->tmp = NULL;
	return error == 0;
}

/* The library's hash (FNV-1) and its choice of a bucket. A wrong guess would cost time and nothing else. */
static uint64_t
rank_in_hash(void *arg, struct view key)
{
	const struct bdb *b = arg;
	uint32_t hash = 0;

	for (size_t i = 0; i < key.len; i++)
		hash = hash * 16777619 ^ (unsigned char)key.data[i];
	return (uint64_t)(hash & b->bucket_mask) << 32 | hash;
}

static bool
write_all(struct bdb *b, struct buf *why)
{
	if (!make_empty(b, why) || !open_db(b, DB_CREATE | DB_TRUNCATE, b->create_cache, why))
		return false;
	gather_sort(b->gather, b->method == DB_HASH ? rank_in_hash : NULL, b, b->path, b->flags);
	return gather_each(b->gather, put, b, why);
}

/* The lock on the temporary file is held until it has its name. */
static bool
bdb_commit(void *state, struct buf *why)
{
	struct bdb *b = state;
	int error;

	if (b->db == NULL && (b->gather == NULL || b->fd == -1))
		return fail(b, "write", EBADF, why);
	if (b->gather != NULL && !write_all(b, why))
		return false;
	if ((error = b->db->sync(b->db, 0)) != 0)
		return fail(b, "write", error, why);
	if ((b->flags & TABLE_BULK) == 0)
		return true;
	error = b->db->close(b->db, 0);
	b->db = NULL;
	b->cursor = NULL;
	if (error != 0 || fsync(b->fd) == -1)
		return fail(b, "write", error != 0 ? error : errno, why);
	return b->tmp == NULL || publish(b, why);
}

static bool
bdb_changed(void *state)
{
	return stamp_changed(&((struct bdb *)state)->stamp);
}

static const struct table_ops ops = {
	.lookup = bdb_lookup,
	.update = bdb_update,
	.remove = bdb_remove,
	.next = bdb_next,
	.commit = bdb_commit,
	.changed = bdb_changed,
	.close = bdb_close,
};

const struct table_type table_hash = {
	.name = "hash", .ops = &ops, .open = hash_open, .makes_files = true, .load = load,
};
const struct table_type table_btree = {
	.name = "btree", .ops = &ops, .open = btree_open, .makes_files = true, .load = load,
};

#endif
