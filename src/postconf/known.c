#include "postconf/known.h"

#include "global/config/expand.h"
#include "global/config/main_cf.h"
#include "global/config/param.h"
#include "util/base/arena.h"
#include "util/base/hash.h"
#include "util/text/words.h"

struct name {
	const char *text;
	enum name_class class;
};

struct known {
	struct config *config;
	struct arena arena;
	struct hash *by_text;
	struct name **list;		/* in the order in which they became known */
	size_t count;
};

static void	value_in_use(struct known *known, const char *value);

static bool
add(struct known *known, struct view text, enum name_class class)
{
	struct name *name;

	if (hash_get(known->by_text, text) != NULL)
		return false;
	name = arena_alloc(&known->arena, sizeof(*name));
	name->text = arena_string(&known->arena, text);
	name->class = class;
	hash_put(known->by_text, text, name);
	known->list = mem_resize(known->list, (known->count + 1) * sizeof(known->list[0]));
	known->list[known->count++] = name;
	return true;
}

/* -- built in -------------------------------------------------------------------------------------------------------- */

static void
add_built_in(struct known *known)
{
	const struct param *param;

	for (size_t i = 0; (param = param_at(i)) != NULL; i++)
		if (!param->per_transport)
			add(known, view_string(param->name), NAME_BUILT_IN);
}

/* -- of services ----------------------------------------------------------------------------------------------------- */

static bool
among(const char *command, const char *const *programs)
{
	for (; *programs != NULL; programs++)
		if (strcmp(command, *programs) == 0)
			return true;
	return false;
}

/* Scheduling concerns whoever delivers for the queue manager; a time limit, whoever runs commands. */
static bool
concerns(const struct param *param, const char *command)
{
	static const char *const deliver[] = { "error", "lmtp", "local", "pipe", "smtp", "virtual", NULL };
	static const char *const run[] = { "pipe", "spawn", NULL };

	return among(command, strcmp(param->name, "transport_time_limit") == 0 ? run : deliver);
}

static void
add_service(struct known *known, const struct master_entry *entry)
{
	const struct param *param;
	struct buf name = BUF_INIT;

	for (size_t i = 0; (param = param_at(i)) != NULL; i++) {
		if (!param->per_transport || !concerns(param, entry->command))
			continue;
		buf_reset(&name);
		buf_printf(&name, "%s%s", entry->name, param->name + strlen("transport"));
		add(known, buf_view(&name), NAME_SERVICE);
	}
	buf_fini(&name);
}

/* -- of the administrator ------------------------------------------------------------------------------------------- */

static void
referred_to(struct view name, void *arg)
{
	struct known *known = arg;
	struct buf text = BUF_INIT;

	buf_putv(&text, name);
	if (config_is_set(known->config, buf_c(&text)) && add(known, name, NAME_USER))
		value_in_use(known, config_raw(known->config, buf_c(&text)));
	buf_fini(&text);
}

struct prefix {
	struct known *known;
	struct view text;
};

static void
add_with_prefix(const char *name, const char *raw, int line, void *arg)
{
	const struct prefix *prefix = arg;
	size_t n = prefix->text.len;

	if (view_starts(view_string(name), prefix->text) && name[n] == '_')
		referred_to(view_string(name), prefix->known);
}

/* A table whose name is no path has its settings in main.cf, with that name in front. */
static void
table_in_use(struct known *known, struct view word)
{
	static const char *const types[] = { "ldap", "mysql", "pgsql", "sqlite", "memcache", "mongodb", NULL };
	struct prefix prefix = { known, VIEW_EMPTY };
	struct view type;
	struct buf text = BUF_INIT;

	if (view_starts(word, VIEW("proxy:")))
		word = view_slice(word, strlen("proxy:"), word.len);
	if (!view_split(word, ':', &type, &prefix.text) || prefix.text.len == 0 || prefix.text.data[0] == '/')
		return;
	buf_putv(&text, type);
	if (among(buf_c(&text), types))
		config_each_setting(known->config, add_with_prefix, &prefix);
	buf_fini(&text);
}

static void
value_in_use(struct known *known, const char *value)
{
	struct view rest = view_string(value), word;

	expand_each_name(rest, referred_to, known);
	while (view_word(&rest, ", \t\r\n{}", &word))
		table_in_use(known, word);
}

static void
restriction_classes(struct known *known)
{
	struct view rest = view_string(config_string(known->config, "smtpd_restriction_classes", NULL)), word;

	while (words_next(&rest, &word, NULL))
		referred_to(word, known);
}

static void
options_in_use(struct known *known, const struct master_entry *entry)
{
	struct view name, value;
	struct buf text = BUF_INIT;

	for (int i = 1; i < entry->argc; i++) {
		if (!main_cf_split(view_string(entry->argv[i]), &name, &value, NULL))
			continue;
		buf_set(&text, value);
		value_in_use(known, buf_c(&text));
	}
	buf_fini(&text);
}

static void
settings_in_use(struct known *known)
{
	for (size_t i = 0; i < known->count; i++) {	/* grows while we walk; what is added brings its own */
		const char *value = known->list[i]->class != NAME_USER ? config_raw(known->config, known->list[i]->text) : NULL;

		if (value != NULL)
			value_in_use(known, value);
	}
}

/* -- the whole ------------------------------------------------------------------------------------------------------- */

struct known *
known_new(struct config *config, const struct master_cf *services)
{
	struct known *known = mem_new(sizeof(*known));

	known->config = config;
	arena_init(&known->arena);
	known->by_text = hash_new();
	add_built_in(known);
	if (services != NULL)
		LIST_FOREACH(entry, &services->entries, struct master_entry, link)
			add_service(known, entry);
	settings_in_use(known);
	restriction_classes(known);
	if (services != NULL)
		LIST_FOREACH(entry, &services->entries, struct master_entry, link)
			options_in_use(known, entry);
	return known;
}

void
known_free(struct known *known)
{
	hash_free(known->by_text, NULL);
	arena_fini(&known->arena);
	mem_free(known->list);
	mem_free(known);
}

unsigned
known_class(const struct known *known, struct view text)
{
	const struct name *name = hash_get(known->by_text, text);

	return name != NULL ? name->class : 0;
}

static int
compare_names(const void *a, const void *b)
{
	const struct name *const *x = a, *const *y = b;

	return strcmp((*x)->text, (*y)->text);
}

void
known_each(const struct known *known, unsigned classes, void (*each)(const char *name, void *arg), void *arg)
{
	struct name **sorted = mem_dup(known->list, known->count * sizeof(known->list[0]));

	qsort(sorted, known->count, sizeof(sorted[0]), compare_names);
	for (size_t i = 0; i < known->count; i++)
		if ((sorted[i]->class & classes) != 0)
			each(sorted[i]->text, arg);
	mem_free(sorted);
}
