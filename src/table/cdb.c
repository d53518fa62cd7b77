#include "config.h"
#include "table/types.h"

/*
 * cdb: constant databases, `name.cdb`: written once, to `name.cdb.tmp`, and renamed. Without NULs, unless asked for.
 */
#ifdef HAVE_CDB

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "table/nul.h"
#include "table/stamp.h"
#include "util/file/file.h"
#include "util/process/library.h"

enum { REBUILD_WAIT_MS = 300000, NEW_FILE_MODE = 0666 };

static struct {
	__typeof__(cdb_init) *init;
	__typeof__(cdb_free) *free;
	__typeof__(cdb_get) *get;
	__typeof__(cdb_find) *find;
	__typeof__(cdb_seqnext) *seqnext;
	__typeof__(cdb_make_start) *make_start;
	__typeof__(cdb_make_put) *make_put;
	__typeof__(cdb_make_finish) *make_finish;
} cdb;

static const struct library_function functions[] = {
	{ "cdb_init", &cdb.init }, { "cdb_free", &cdb.free }, { "cdb_get", &cdb.get },
	{ "cdb_find", &cdb.find }, { "cdb_seqnext", &cdb.seqnext }, { "cdb_make_start", &cdb.make_start },
	{ "cdb_make_put", &cdb.make_put }, { "cdb_make_finish", &cdb.make_finish }, { NULL },
};

static bool
load(struct buf *why)
{
	return library_load(CDB_LIBRARY, functions, why);
}

struct cdb_table {
	char *path;			/* name.cdb */
	char *tmp;			/* writers: name.cdb.tmp until it is renamed */
	int fd;
	bool reading, writing;		/* which of the two is in use */
	struct cdb reader;
	struct cdb_make writer;
	unsigned position;		/* of the walk */
	unsigned flags;
	struct nul_style nul;
	struct stamp stamp;
	struct buf key, value;
};

static void
cdb_table_close(void *state)
{
	struct cdb_table *t = state;

	if (t->reading)
		cdb.free(&t->reader);
	if (t->writing)
		cdb.make_finish(&t->writer);	/* frees; the file goes */
	if (t->tmp != NULL && t->fd != -1)
		unlink(t->tmp);
	if (t->fd != -1)
		close(t->fd);
	stamp_fini(&t->stamp);
	buf_fini(&t->key);
	buf_fini(&t->value);
	mem_free(t->tmp);
	mem_free(t->path);
	mem_free(t);
}

static bool
fail(struct buf *why, const char *what, const char *path)
{
	why_set(why, "%s %s: %s", what, path, strerror(errno));
	return false;
}

static bool
open_to_read(struct cdb_table *t, struct buf *why)
{
	if ((t->fd = open(t->path, O_RDONLY | O_CLOEXEC)) == -1 || cdb.init(&t->reader, t->fd) == -1)
		return fail(why, "open database", t->path);
	t->reading = true;
	return true;
}

/* A second rebuild waits for the first, whose file then bears another name. */
static bool
open_to_rebuild(struct cdb_table *t, struct buf *why)
{
	struct buf tmp = BUF_INIT;
	msec_t deadline = clock_deadline(REBUILD_WAIT_MS);
	struct stat by_fd, by_path;

	buf_printf(&tmp, "%s.tmp", t->path);
	t->tmp = buf_detach(&tmp);
	for (;;) {
		t->fd = open(t->tmp, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, NEW_FILE_MODE);
		if (t->fd == -1 || !file_lock(t->fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, deadline))
			return fail(why, "create database", t->tmp);
		if (fstat(t->fd, &by_fd) == 0 && lstat(t->tmp, &by_path) == 0 && by_fd.st_ino == by_path.st_ino)
			break;
		close(t->fd);
	}
	if (ftruncate(t->fd, 0) == -1 || cdb.make_start(&t->writer, t->fd) == -1)
		return fail(why, "create database", t->tmp);
	t->writing = true;
	return true;
}

static struct cdb_table *
new_table(const char *name, unsigned flags)
{
	struct cdb_table *t = mem_new(sizeof(*t));
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s.cdb", name);
	t->path = buf_detach(&path);
	t->fd = -1;
	t->flags = flags;
	t->nul = nul_style_of(flags);
	return t;
}

static void *
cdb_table_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct cdb_table *t = new_table(name, flags);
	struct stat st;
	bool good = false;

	if ((flags & TABLE_WRITE) != 0 && (flags & TABLE_BULK) == 0)
		why_set(why, "%s: single entries cannot be changed in a cdb file", t->path);
	else
		good = (flags & TABLE_WRITE) != 0 ? open_to_rebuild(t, why) : open_to_read(t, why);
	if (!good || fstat(t->fd, &st) == -1) {
		cdb_table_close(t);
		return NULL;
	}
	stamp_take(&t->stamp, t->path, &st);
	stamp_traits(&st, traits);
	if (t->reading)
		stamp_warn_if_older(&t->stamp, name);
	return t;
}

/* False: it would lie outside of the file. */
static bool
bytes_at(struct cdb_table *t, unsigned position, unsigned len, struct view *out)
{
	const void *bytes = cdb.get(&t->reader, len, position);

	if (bytes == NULL)
		return false;
	*out = view_bytes(bytes, len);
	return true;
}

/* 1: found, 0: not there, -1: damaged file. */
static int
get(struct cdb_table *t, struct view key, bool with_nul, struct buf *value)
{
	struct view k = nul_put(&t->key, key, with_nul);
	int found = cdb.find(&t->reader, k.data, (unsigned)k.len);
	struct view v;

	if (found <= 0)
		return found;
	if (!bytes_at(t, cdb_datapos(&t->reader), cdb_datalen(&t->reader), &v))
		return -1;
	buf_set(value, with_nul ? nul_cut(v) : v);
	return 1;
}

static enum lookup
cdb_table_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct cdb_table *t = state;
	int found = 0;

	if (t->reading && t->nul.with && (found = get(t, key, true, value)) == 1)
		t->nul.without = false;
	if (t->reading && found == 0 && t->nul.without && (found = get(t, key, false, value)) == 1)
		t->nul.with = false;
	if (found != -1 && t->reading)
		return found == 1 ? LOOKUP_FOUND : LOOKUP_NONE;
	fail(why, "read", t->path);
	return LOOKUP_RETRY;
}

static bool
cdb_table_update(void *state, struct view key, struct view value, struct buf *why)
{
	struct cdb_table *t = state;
	bool keep = (t->flags & (TABLE_DUP_WARN | TABLE_DUP_IGNORE)) != 0;
	bool with_nul = (t->flags & TABLE_ADD_NUL) != 0;
	struct view k = nul_put(&t->key, key, with_nul), v = nul_put(&t->value, value, with_nul);
	int result;

	if (!t->writing)
		return fail(why, "write", t->path);
	result = cdb.make_put(&t->writer, k.data, (unsigned)k.len, v.data, (unsigned)v.len,
	    keep ? CDB_PUT_INSERT : CDB_PUT_REPLACE);
	if (result == 1 && keep)
		table_warn_duplicate(t->path, key, t->flags);
	return result != -1 || fail(why, "write", t->path);
}

static enum lookup
cdb_table_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	struct cdb_table *t = state;
	struct view k, v;
	int found;

	if (restart)
		cdb_seqinit(&t->position, &t->reader);
	found = t->reading ? cdb.seqnext(&t->position, &t->reader) : -1;
	if (found == 0)
		return LOOKUP_NONE;
	if (found == -1 || !bytes_at(t, cdb_keypos(&t->reader), cdb_keylen(&t->reader), &k) ||
	    !bytes_at(t, cdb_datapos(&t->reader), cdb_datalen(&t->reader), &v)) {
		fail(why, "read", t->path);
		return LOOKUP_RETRY;
	}
	buf_set(key, nul_cut(k));
	buf_set(value, nul_cut(v));
	return LOOKUP_FOUND;
}

static bool
cdb_table_commit(void *state, struct buf *why)
{
	struct cdb_table *t = state;
	mode_t mask = umask(077);

	umask(mask);
	if (!t->writing)
		return fail(why, "write", t->path);
	t->writing = false;
	if (cdb.make_finish(&t->writer) == -1 || fchmod(t->fd, NEW_FILE_MODE & ~mask) == -1 || fsync(t->fd) == -1 ||
	    rename(t->tmp, t->path) == -1)
		return fail(why, "write", t->path);
	mem_free(t->tmp);
	t->tmp = NULL;
	file_sync_directory(t->path, NULL);
	return true;
}

static bool
cdb_table_changed(void *state)
{
	return stamp_changed(&((struct cdb_table *)state)->stamp);
}

static const struct table_ops ops = {
	.lookup = cdb_table_lookup,
	.update = cdb_table_update,
	.next = cdb_table_next,
	.commit = cdb_table_commit,
	.changed = cdb_table_changed,
	.close = cdb_table_close,
};

const struct table_type table_cdb = {
	.name = "cdb", .ops = &ops, .open = cdb_table_open, .makes_files = true, .load = load,
};

#endif
