#include <stdio.h>

#include "table/module.h"
#include "table/redirect.h"
#include "table/table.h"
#include "table/type.h"
#include "table/types.h"
#include "util/log/log.h"
#include "util/text/casefold.h"
#include "util/text/encode.h"

struct table {
	const struct table_type *type;		/* NULL when the table is broken */
	void *state;
	char *name;
	char *broken;				/* why, or NULL */
	unsigned flags;
	bool utf8;
	struct table_traits traits;
	struct buf folded;			/* the key of the current call */
};

static const struct table_type *const builtin[] = {
	&table_btree, &table_cdb, &table_cidr, &table_debug, &table_environ, &table_fail, &table_hash, &table_inline,
	&table_internal, &table_lmdb, &table_memcache, &table_pcre, &table_pipemap, &table_randmap, &table_regexp, &table_socketmap,
	&table_static, &table_tcp, &table_texthash, &table_unionmap, &table_unix,
};

#define REGISTERED_MAX	32

static const struct table_type *registered[REGISTERED_MAX];
static size_t registered_count;

void
table_register(const struct table_type *type)
{
	for (size_t i = 0; i < registered_count; i++)
		if (registered[i] == type)
			return;
	if (registered_count == REGISTERED_MAX)
		log_panic("table_register: no room for type %s", type->name);
	registered[registered_count++] = type;
}

static const struct table_type *
find_type(const struct table_env *env, struct view name, struct buf *why)
{
	for (size_t i = registered_count; i > 0; i--)
		if (view_is(name, registered[i - 1]->name))
			return registered[i - 1];
	for (size_t i = 0; i < ARRAY_COUNT(builtin); i++)
		if (builtin[i]->ops != NULL && view_is(name, builtin[i]->name))
			return builtin[i];
	return module_load(env, name, why);
}

void
table_each_type(const struct table_env *env, void (*each)(const char *name, void *arg), void *arg)
{
	for (size_t i = 0; i < ARRAY_COUNT(builtin); i++)
		if (builtin[i]->ops != NULL)
			each(builtin[i]->name, arg);
	for (size_t i = 0; i < registered_count; i++)
		each(registered[i]->name, arg);
	module_each(env, each, arg);
}

void
table_split_name(const struct table_env *env, struct view text, struct view *type, struct view *name)
{
	if (view_split(text, ':', type, name) && view_find_any(*type, "/{ ") == -1)
		return;
	*type = view_string(env->default_type);
	*name = text;
}

static void
promise(const struct table_env *env, const struct table_type *type)
{
	if (env->promise != NULL && type->promises != NULL)
		env->promise(env->promise_arg, type->promises);
}

void
table_load_type(const struct table_env *env, struct view type)
{
	const struct table_type *found = find_type(env, redirect_type(env, type, "*"), NULL);

	if (found == NULL)
		return;
	promise(env, found);
	if (found->load != NULL)
		found->load(NULL);		/* the open that needs it will say what is wrong */
}

static void
open_state(struct table *table, const struct table_env *env, struct view type, const char *name, struct buf *why)
{
	struct view to = redirect_type(env, type, name);
	const struct table_type *found = redirect_reindexed(env, type, to, name);

	if (type.len == 0 || name[0] == '\0') {
		why_set(why, "expecting \"type:name\" form instead of \"%s\"", table->name);
		return;
	}
	if (found == NULL && (found = find_type(env, to, why)) == NULL)
		return;
	if ((table->flags & TABLE_WRITE) != 0 && found->ops->update == NULL) {
		why_set(why, "table type %s is read-only", found->name);
		return;
	}
	if (found->load != NULL && !found->load(why))
		return;
	table->state = found->open(env, name, table->flags, &table->traits, why);
	if (table->state == NULL)
		return;
	table->type = found;
	promise(env, found);
	if (env->promise != NULL && (table->flags & TABLE_WRITE) != 0)
		env->promise(env->promise_arg, "file-write");
}

static void
complain(const struct table_env *env, const struct table *table)
{
	if (env->open_error == TABLE_ERROR_FATAL)
		log_fatal("%s is unavailable. %s", table->name, table->broken);
	else if (env->open_error == TABLE_ERROR_LOG)
		log_error("%s is unavailable. %s", table->name, table->broken);
	else if (env->open_error == TABLE_ERROR_WARN)
		log_warn("%s is unavailable. %s", table->name, table->broken);
}

struct table *
table_open(const struct table_env *env, struct view text, unsigned flags)
{
	struct table *table = mem_new(sizeof(*table));
	struct buf name = BUF_INIT, inner = BUF_INIT, why = BUF_INIT;
	struct view type, rest;

	table_split_name(env, text, &type, &rest);
	buf_putv(&inner, rest);
	buf_printf(&name, "%.*s:%s", VIEW_ARG(type), buf_c(&inner));
	table->name = buf_detach(&name);
	table->flags = flags;
	table->utf8 = env->utf8;
	open_state(table, env, type, buf_c(&inner), &why);
	if (table->state == NULL) {
		table->broken = mem_string(why.len > 0 ? buf_c(&why) : "cannot be opened");
		complain(env, table);
	}
	buf_fini(&inner);
	buf_fini(&why);
	return table;
}

void
table_close(struct table *table)
{
	if (table == NULL)
		return;
	if (table->state != NULL)
		table->type->ops->close(table->state);
	mem_free(table->name);
	mem_free(table->broken);
	buf_fini(&table->folded);
	mem_free(table);
}

const char *
table_broken(const struct table *table)
{
	return table->broken;
}

const char *
table_name(const struct table *table)
{
	return table->name;
}

enum table_kind
table_kind(const struct table *table)
{
	return table->traits.kind;
}

bool
table_stable(const struct table *table)
{
	return table->traits.stable;
}

bool
table_is_remote(const struct table *table)
{
	return table->traits.remote;
}

uid_t
table_owner(const struct table *table, bool *trusted)
{
	*trusted = table->traits.owner_trusted;
	return table->traits.owner;
}

/* What this process writes itself is never "changed": it would restart for its own updates. */
bool
table_changed(struct table *table)
{
	return table->state != NULL && (table->flags & TABLE_WRITE) == 0 && table->type->ops->changed != NULL &&
	    table->type->ops->changed(table->state);
}

static bool
folds(const struct table *table)
{
	unsigned flag = table->traits.kind == TABLE_FIXED ? TABLE_FOLD_FIXED : TABLE_FOLD_PATTERN;

	return !table->traits.transparent && (table->flags & flag) != 0;
}

static struct view
fold_key(struct table *table, struct view key)
{
	if (!folds(table))
		return key;
	buf_reset(&table->folded);
	casefold_put(&table->folded, key, table->utf8);
	return buf_view(&table->folded);
}

static bool
is_usable(const struct table *table, struct buf *why)
{
	if (table->broken != NULL)
		why_set(why, "%s is unavailable. %s", table->name, table->broken);
	return table->broken == NULL;
}

static enum lookup
check_value(const struct table *table, const struct buf *value, struct buf *why)
{
	if (!table->utf8 || utf8_valid(buf_view(value)))
		return LOOKUP_FOUND;
	why_set(why, "%s: the value is not UTF-8", table->name);
	return LOOKUP_RETRY;
}

enum lookup
table_lookup(struct table *table, struct view key, struct buf *value, struct buf *why)
{
	enum lookup result;

	if (!is_usable(table, why))
		return LOOKUP_RETRY;
	if (table->utf8 && !utf8_valid(key))
		return LOOKUP_NONE;
	buf_reset(value);
	result = table->type->ops->lookup(table->state, fold_key(table, key), value, why);
	return result == LOOKUP_FOUND ? check_value(table, value, why) : result;
}

bool
table_refused(const struct table *table)
{
	return table->state != NULL && table->type->ops->refused != NULL && table->type->ops->refused(table->state);
}

bool
table_wants_announcements(const struct table *table)
{
	return table->broken == NULL && table->type->ops->announce != NULL;
}

void
table_announce(struct table *table, struct view key)
{
	if (table_wants_announcements(table) && (!table->utf8 || utf8_valid(key)))
		table->type->ops->announce(table->state, fold_key(table, key));
}

static bool
is_writable(const struct table *table, struct buf *why)
{
	if (!is_usable(table, why))
		return false;
	if ((table->flags & TABLE_WRITE) == 0)
		why_set(why, "%s is not open for writing", table->name);
	return (table->flags & TABLE_WRITE) != 0;
}

bool
table_update(struct table *table, struct view key, struct view value, struct buf *why)
{
	return is_writable(table, why) &&
	    table->type->ops->update(table->state, fold_key(table, key), value, why);
}

enum lookup
table_delete(struct table *table, struct view key, struct buf *why)
{
	if (!is_writable(table, why))
		return LOOKUP_RETRY;
	if (table->type->ops->remove == NULL) {
		why_set(why, "%s: single entries cannot be deleted", table->name);
		return LOOKUP_RETRY;
	}
	return table->type->ops->remove(table->state, fold_key(table, key), why);
}

enum lookup
table_next(struct table *table, bool restart, struct buf *key, struct buf *value, struct buf *why)
{
	if (!is_usable(table, why))
		return LOOKUP_RETRY;
	if (table->type->ops->next == NULL) {
		why_set(why, "%s cannot be listed", table->name);
		return LOOKUP_RETRY;
	}
	return table->type->ops->next(table->state, restart, key, value, why);
}

bool
table_commit(struct table *table, struct buf *why)
{
	if (!is_usable(table, why))
		return false;
	return table->type->ops->commit == NULL || table->type->ops->commit(table->state, why);
}

void
table_warn_duplicate(const char *file, struct view key, unsigned flags)
{
	if ((flags & TABLE_DUP_IGNORE) == 0)
		log_warn("%s: duplicate entry: \"%.*s\"", file, VIEW_ARG(key));
}
