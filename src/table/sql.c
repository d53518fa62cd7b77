#include "table/sql.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <unistd.h>

#include "table/match_list.h"
#include "table/module.h"
#include "table/query.h"
#include "table/source.h"
#include "util/base/hash.h"
#include "util/base/number.h"
#include "util/log/log.h"

/* Types that may come as modules. Each has a slot, filled when a table of that type is opened. */
static void	*sqlite_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits,
		    struct buf *why);
static enum lookup sql_lookup(void *state, struct view key, struct buf *value, struct buf *why);
static void	 sql_close(void *state);

static const struct table_ops ops = { .lookup = sql_lookup, .close = sql_close };

static const struct table_type types[] = {
	{ .name = "sqlite", .ops = &ops, .open = sqlite_open, .promises = "file-read" },
};

struct sql {
	const struct table_env *env;
	const struct table_module *module;
	void *library;
	void *state;			/* the module's */
	char *name;
	bool in_file;
	struct hash *parameters;	/* of the file */
	const char *query, *format;
	struct match_list *domain;	/* NULL: any */
	long long limit;		/* expansion_limit; 0: none */
	struct buf built, why;
};

/* -- parameters ------------------------------------------------------------------------------------------------------- */

static bool
read_parameters(struct sql *sql, struct buf *why)
{
	struct view line, name, value;
	struct source source;

	if (!source_open(&source, sql->name, why))
		return false;
	while (source_next(&source, &line)) {
		struct buf text = BUF_INIT;

		if (!view_split(line, '=', &name, &value)) {
			source_warn(&source, "missing '=' after the name");
			continue;
		}
		buf_putv(&text, view_trim(value));
		buf_reserve(&text, 1);
		mem_free(hash_put(sql->parameters, view_trim(name), buf_detach(&text)));
	}
	source_close(&source);
	return true;
}

static const char *
parameter(void *table, const char *name, const char *otherwise)
{
	struct sql *sql = table;
	struct buf full = BUF_INIT;
	const char *value;

	if (sql->in_file) {
		value = hash_get(sql->parameters, view_string(name));
	} else {
		buf_printf(&full, "%s_%s", sql->name, name);
		value = sql->env->setting != NULL ? sql->env->setting(sql->env->arg, buf_c(&full)) : NULL;
		buf_fini(&full);
	}
	return value != NULL ? value : otherwise;
}

static void
fail(void *table, const char *format, ...)
{
	struct sql *sql = table;
	va_list ap;

	buf_reset(&sql->why);
	va_start(ap, format);
	buf_vprintf(&sql->why, format, ap);
	va_end(ap);
}

/* Before there was `query`, it was made of these. */
static void
build_query(struct sql *sql)
{
	buf_printf(&sql->built, "SELECT %s FROM %s WHERE %s = '%%s' %s", parameter(sql, "select_field", ""),
	    parameter(sql, "table", ""), parameter(sql, "where_field", ""), parameter(sql, "additional_conditions", ""));
	sql->query = buf_c(&sql->built);
}

static bool
read_settings(struct sql *sql, struct buf *why)
{
	const char *domain = parameter(sql, "domain", "");

	if ((sql->query = parameter(sql, "query", NULL)) == NULL)
		build_query(sql);
	sql->format = parameter(sql, "result_format", "%s");
	if (*domain != '\0')
		sql->domain = match_list_open(sql->env, sql->name, domain, 0);
	if (!number_parse(parameter(sql, "expansion_limit", "0"), 0, INT32_MAX, &sql->limit)) {
		why_set(why, "%s: bad expansion_limit", sql->name);
		return false;
	}
	return query_template_valid(sql->query, why) && query_template_valid(sql->format, why);
}

/* -- lookups ---------------------------------------------------------------------------------------------------------- */

struct result {
	struct sql *sql;
	struct view key;
	struct buf *value;
	long long count;
};

static void
put(void *out, const char *data, size_t len)
{
	buf_put(out, data, len);
}

static void
row(void *out, const char *text, size_t len)
{
	struct result *result = out;
	struct buf one = BUF_INIT;

	if (text != NULL && len > 0 && query_format(result->sql->format, result->key, view_bytes(text, len), &one)) {
		if (result->count++ > 0)
			buf_putc(result->value, ',');
		buf_putv(result->value, buf_view(&one));
	}
	buf_fini(&one);
}

static const struct table_host host = { parameter, fail, put, row };

static bool
quote(void *arg, struct view text, struct buf *out)
{
	struct sql *sql = arg;

	return view_find(text, '\0') < 0 && sql->module->quote(sql->state, text.data, text.len, out);
}

/* With `domain`, only full addresses in these domains are asked for. */
static enum lookup
is_wanted(struct sql *sql, struct view key)
{
	struct view local, domain;

	if (sql->domain == NULL)
		return LOOKUP_FOUND;
	if (!view_rsplit(key, '@', &local, &domain) || local.len == 0)
		return LOOKUP_NONE;
	return match_list_string(sql->domain, domain);
}

static enum lookup
ask(struct sql *sql, struct view key, const char *query, struct buf *value, struct buf *why)
{
	struct result result = { sql, key, value, 0 };

	buf_reset(&sql->why);
	if (!sql->module->query(sql->state, query, &result)) {
		why_set(why, "%s: %s", sql->name, buf_c(&sql->why));
		return LOOKUP_RETRY;
	}
	if (sql->limit > 0 && result.count > sql->limit) {
		why_set(why, "%s: expansion limit exceeded for key \"%.*s\"", sql->name, VIEW_ARG(key));
		return LOOKUP_RETRY;
	}
	return result.count > 0 ? LOOKUP_FOUND : LOOKUP_NONE;
}

static enum lookup
sql_lookup(void *state, struct view key, struct buf *value, struct buf *why)
{
	struct sql *sql = state;
	struct buf query = BUF_INIT;
	enum lookup found = is_wanted(sql, key);

	if (found == LOOKUP_RETRY)
		why_set(why, "%s: cannot look up the domain", sql->name);
	else if (found == LOOKUP_FOUND)
		found = query_expand(sql->query, key, quote, sql, &query)
		    ? ask(sql, key, buf_c(&query), value, why) : LOOKUP_NONE;
	buf_fini(&query);
	return found;
}

/* -- opening ---------------------------------------------------------------------------------------------------------- */

static void
sql_close(void *state)
{
	struct sql *sql = state;

	if (sql->state != NULL)
		sql->module->close(sql->state);
	if (sql->domain != NULL)
		match_list_close(sql->domain);
	hash_free(sql->parameters, mem_free);
	buf_fini(&sql->built);
	buf_fini(&sql->why);
	mem_free(sql->name);
	mem_free(sql);		/* the library stays: others may use it */
}

static void
module_path(const struct table_env *env, const char *type, struct buf *out)
{
	const char *directory = env->setting != NULL ? env->setting(env->arg, "shlib_directory") : NULL;

	if (directory != NULL && directory[0] == '/')
		buf_printf(out, "%s/table-%s.so", directory, type);
}

static const struct table_module *
load_module(const struct table_env *env, const char *type, struct buf *why)
{
	const struct table_module *module = NULL;
	struct buf path = BUF_INIT;
	void *library;

	module_path(env, type, &path);
	if ((library = dlopen(buf_c(&path), RTLD_NOW | RTLD_LOCAL)) == NULL)
		why_set(why, "cannot load the module of type %s: %s", type, dlerror());
	else if ((module = dlsym(library, TABLE_MODULE_SYMBOL)) == NULL || module->abi != TABLE_MODULE_ABI)
		why_set(why, "%s is of another release", buf_c(&path));
	buf_fini(&path);
	return module != NULL && module->abi == TABLE_MODULE_ABI ? module : NULL;
}

static void *
sql_open(const char *type, const struct table_env *env, const char *name, struct table_traits *traits, struct buf *why)
{
	const struct table_module *module = load_module(env, type, why);
	struct sql *sql;

	if (module == NULL)
		return NULL;
	sql = mem_new(sizeof(*sql));
	sql->env = env;
	sql->module = module;
	sql->name = mem_string(name);
	sql->in_file = name[0] == '/' || name[0] == '.';
	sql->parameters = hash_new();
	if ((!sql->in_file || read_parameters(sql, why)) && read_settings(sql, why)) {
		*traits = (struct table_traits){ .kind = TABLE_FIXED, .remote = module->remote, .owner_trusted = true };
		if ((sql->state = module->open(&host, sql)) != NULL)
			return sql;
		why_set(why, "%s: %s", name, buf_c(&sql->why));
	}
	sql_close(sql);
	return NULL;
}

static void *
sqlite_open(const struct table_env *env, const char *name, unsigned flags, struct table_traits *traits, struct buf *why)
{
	return sql_open("sqlite", env, name, traits, why);
}

static bool
is_installed(const struct table_env *env, const char *type)
{
	struct buf path = BUF_INIT;
	bool there;

	module_path(env, type, &path);
	there = path.len > 0 && access(buf_c(&path), R_OK) == 0;
	buf_fini(&path);
	return there;
}

const struct table_type *
sql_type(const struct table_env *env, struct view type)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (view_is(type, types[i].name) && is_installed(env, types[i].name))
			return &types[i];
	return NULL;
}

void
sql_each_type(const struct table_env *env, void (*each)(const char *name, void *arg), void *arg)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (is_installed(env, types[i].name))
			each(types[i].name, arg);
}

void
table_load_type(const struct table_env *env, struct view type)
{
	const struct table_type *found = sql_type(env, type);
	struct buf why = BUF_INIT;

	if (found != NULL && load_module(env, found->name, &why) == NULL)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
}
