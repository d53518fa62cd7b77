#include "table/bdb_stand_in.h"

/*
 * What is written (by postmap, or by the owner of a cache) goes to `name.lmdb`. What is read comes from the first of
 * these that is not older than the source:
 *
 *	name.lmdb		served as it is
 *	name.db			an old file: read into memory
 *	name			the source: made into name.lmdb, by us if that cannot help an attacker, or by those who may
 *				(table_env.rebuild); else read into memory
 *
 * No file called .db is ever written: another mail system could not read it.
 */
#include <fcntl.h>
#include <unistd.h>

#include "table/bdb_reader.h"
#include "table/entry.h"
#include "table/memory.h"
#include "table/nul.h"
#include "table/stamp.h"
#include "table/types.h"
#include "util/file/file.h"
#include "util/log/log.h"
#include "util/text/casefold.h"

enum { FILE_MAX = 1 << 30, LOCK_WAIT_MS = 60000 };

struct stand_in {
	void *lmdb;			/* its state; or NULL, and this: */
	struct memory *memory;
	char *name;
	bool utf8;
	struct stamp stamp;		/* of what was read */
};

bool
bdb_stand_in_load(struct buf *why)
{
	return table_lmdb.load == NULL || table_lmdb.load(why);
}

/* -- which file ------------------------------------------------------------------------------------------------------- */

static char *
with_suffix(const char *name, const char *suffix)
{
	struct buf path = BUF_INIT;

	buf_printf(&path, "%s%s", name, suffix);
	return buf_detach(&path);
}

/* Is there such a file, and is it as new as the source? Without a source it is what there is. */
static bool
is_current(const char *name, const char *suffix)
{
	char *path = with_suffix(name, suffix);
	struct stat file, source;
	bool there = stat(path, &file) == 0;

	mem_free(path);
	return there && (stat(name, &source) == -1 || file.st_mtime >= source.st_mtime);
}

/* -- reading into memory ---------------------------------------------------------------------------------------------- */

static bool
keep(void *arg, struct view key, struct view value)
{
	memory_put(arg, nul_cut(key), nul_cut(value), false);
	return true;
}

static bool
read_locked(const char *path, struct buf *content, struct stamp *stamp, struct buf *why)
{
	struct stat st;
	int fd = file_open(path, O_RDONLY, 0, why);
	bool good = false;

	if (fd == -1)
		return false;
	if (!file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_SHARED, clock_deadline(LOCK_WAIT_MS)) || fstat(fd, &st) == -1)
		why_set(why, "lock database %s: it is in use by another process", path);
	else if ((good = file_read_fd(fd, FILE_MAX, content, why)))
		stamp_take(stamp, path, &st);
	close(fd);
	return good;
}

static bool
load_database(struct stand_in *s, struct buf *why)
{
	char *path = with_suffix(s->name, ".db");
	struct buf content = BUF_INIT, reason = BUF_INIT;
	bool good = read_locked(path, &content, &s->stamp, why);

	s->memory = memory_new();
	if (good && !(good = bdb_read(buf_view(&content), keep, s->memory, &reason)))
		why_set(why, "open database %s: %s", path, buf_c(&reason));
	buf_fini(&content);
	buf_fini(&reason);
	mem_free(path);
	return good;
}

/* Sources of aliases are told by their names, for nothing in them says what they are. */
static bool
is_alias_file(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strstr(slash != NULL ? slash : name, "aliases") != NULL;
}

/* name: values; the colon stands outside of quotes. */
static bool
alias_parse(struct view line, struct view *key, struct view *value)
{
	bool quoted = false;

	for (size_t i = 0; i < line.len; i++) {
		quoted ^= line.data[i] == '"';
		if (line.data[i] != ':' || quoted)
			continue;
		*key = view_trim(view_slice(line, 0, i));
		*value = view_trim(view_slice(line, i + 1, line.len));
		return key->len > 0 && value->len > 0;
	}
	return false;
}

typedef bool	take_pair(void *arg, struct view key, struct view value, struct buf *why);

/* Each pair as postmap would store it. */
static bool
each_pair(const struct stand_in *s, struct source *source, take_pair *take, void *arg, struct buf *why)
{
	bool aliases = is_alias_file(s->name), good = true;
	struct buf folded = BUF_INIT;
	struct view line, key, value;

	while (good && source_next(source, &line)) {
		if (!(aliases ? alias_parse(line, &key, &value) : entry_parse(source, line, s->utf8, &key, &value)))
			continue;
		buf_reset(&folded);
		casefold_put(&folded, key, s->utf8);
		good = take(arg, buf_view(&folded), value, why);
	}
	if (good && source->failed)
		why_set(why, "%s could not be read to its end", s->name);
	buf_fini(&folded);
	return good && !source->failed;
}

static bool
keep_pair(void *arg, struct view key, struct view value, struct buf *why)
{
	memory_put(arg, key, value, false);
	return true;
}

static bool
load_source(struct stand_in *s, struct source *source, struct buf *why)
{
	s->memory = memory_new();
	return each_pair(s, source, keep_pair, s->memory, why);
}

/* -- making an lmdb file ---------------------------------------------------------------------------------------------- */

/* Only in a directory where nobody else could have planted links, and only as the owner of the source. */
static bool
may_build(const char *name, const struct stat *source)
{
	const char *slash = strrchr(name, '/');
	struct buf directory = BUF_INIT;
	struct stat st;
	bool may;

	buf_putv(&directory, slash == NULL ? VIEW(".") : view_bytes(name, slash == name ? 1 : (size_t)(slash - name)));
	may = table_lmdb.ops != NULL && source->st_uid == geteuid() && stat(buf_c(&directory), &st) == 0 &&
	    st.st_uid == geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
	    faccessat(AT_FDCWD, buf_c(&directory), W_OK, AT_EACCESS) == 0;
	buf_fini(&directory);
	return may;
}

static bool
store_pair(void *arg, struct view key, struct view value, struct buf *why)
{
	return table_lmdb.ops->update(arg, key, value, why);
}

static bool
build(const struct stand_in *s, const struct table_env *env, struct source *source, struct buf *why)
{
	mode_t mask = umask(~(source->st.st_mode | S_IRUSR | S_IWUSR) & 0777);
	struct table_traits traits = { 0 };
	void *lmdb = table_lmdb.open(env, s->name, TABLE_WRITE | TABLE_BULK | TABLE_DUP_IGNORE, &traits, why);
	bool good = lmdb != NULL && each_pair(s, source, store_pair, lmdb, why) && table_lmdb.ops->commit(lmdb, why);

	if (lmdb != NULL)
		table_lmdb.ops->close(lmdb);
	umask(mask);
	return good;
}

/* -- opening ---------------------------------------------------------------------------------------------------------- */

static bool
serve_lmdb(struct stand_in *s, const struct table_env *env, unsigned flags, struct table_traits *traits, struct buf *why)
{
	s->lmdb = table_lmdb.open(env, s->name, flags, traits, why);
	return s->lmdb != NULL;
}

/* Those who do not wait for others have no such function. */
static bool
others_build(const struct stand_in *s, const struct table_env *env)
{
	struct buf why = BUF_INIT;
	bool built = env->rebuild != NULL && env->rebuild(env, s->name, &why) && is_current(s->name, ".lmdb");

	if (why.len > 0)
		log_warn("%s.lmdb: %s", s->name, buf_c(&why));
	buf_fini(&why);
	return built;
}

static bool
use_source(struct stand_in *s, const struct table_env *env, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct source source;
	bool good;

	if (!source_open(&source, s->name, NULL)) {
		why_set(why, "open database %s.lmdb: No such file or directory", s->name);
		return false;
	}
	stamp_take(&s->stamp, s->name, &source.st);
	if (may_build(s->name, &source.st)) {
		log_info("%s.lmdb is made from its source", s->name);
		good = build(s, env, &source, why) && serve_lmdb(s, env, flags, traits, why);
	} else if (table_lmdb.ops != NULL && others_build(s, env)) {
		good = serve_lmdb(s, env, flags, traits, why);
	} else {
		log_warn("%s.lmdb is missing or older than its source, which is used instead; run postmap or postalias",
		    s->name);
		stamp_traits(&source.st, traits);
		good = load_source(s, &source, why);
	}
	source_close(&source);
	return good;
}

static bool
open_to_read(struct stand_in *s, const struct table_env *env, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct stat source;

	if (table_lmdb.ops != NULL && is_current(s->name, ".lmdb")) {
		if (stat(s->name, &source) == 0)
			stamp_take(&s->stamp, s->name, &source);
		return serve_lmdb(s, env, flags, traits, why);
	}
	if (is_current(s->name, ".db")) {
		if (!load_database(s, why))
			return false;
		stamp_traits(&s->stamp.st, traits);
		return true;
	}
	return use_source(s, env, flags, traits, why);
}

static void
stand_in_close(void *state)
{
	struct stand_in *s = state;

	if (s->lmdb != NULL)
		table_lmdb.ops->close(s->lmdb);
	memory_free(s->memory);
	stamp_fini(&s->stamp);
	mem_free(s->name);
	mem_free(s);
}

void *
bdb_stand_in_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	struct stand_in *s = mem_new(sizeof(*s));
	bool good;

	s->name = mem_string(name);
	s->utf8 = env->utf8;
	if ((flags & TABLE_WRITE) == 0)
		good = open_to_read(s, env, flags, traits, why);
	else if (!(good = table_lmdb.ops != NULL && serve_lmdb(s, env, flags, traits, why)) && table_lmdb.ops == NULL)
		why_set(why, "this build has neither Berkeley DB nor LMDB");
	if (good)
		return s;
	stand_in_close(s);
	return NULL;
}

/* -- using ------------------------------------------------------------------------------------------------------------ */

static enum lookup
stand_in_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct stand_in *s = state;

	if (s->lmdb != NULL)
		return table_lmdb.ops->lookup(s->lmdb, key, value, why);
	return memory_get(s->memory, key, value);
}

static bool
stand_in_update(void *state, struct view key, struct view value, struct buf *why)
{
	return table_lmdb.ops->update(((struct stand_in *)state)->lmdb, key, value, why);
}

static enum lookup
stand_in_remove(void *state, struct view key, struct buf *why)
{
	return table_lmdb.ops->remove(((struct stand_in *)state)->lmdb, key, why);
}

static enum lookup
stand_in_next(void *state, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	struct stand_in *s = state;

	if (s->lmdb != NULL)
		return table_lmdb.ops->next(s->lmdb, restart, key, value, why);
	return memory_next(s->memory, restart, key, value);
}

static bool
stand_in_commit(void *state, struct buf *why)
{
	struct stand_in *s = state;

	return s->lmdb == NULL || table_lmdb.ops->commit(s->lmdb, why);
}

static bool
stand_in_changed(void *state)
{
	return stamp_changed(&((struct stand_in *)state)->stamp);
}

const struct table_ops bdb_stand_in_ops = {
	.lookup = stand_in_lookup,
	.update = stand_in_update,
	.remove = stand_in_remove,
	.next = stand_in_next,
	.commit = stand_in_commit,
	.changed = stand_in_changed,
	.close = stand_in_close,
};
