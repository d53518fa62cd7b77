#include "postconf/known.h"

#include "global/config/expand.h"
#include "global/config/registry.h"
#include "postconf/services.h"
#include "postconf/table_names.h"
#include "util/base/arena.h"
#include "util/base/hash.h"
#include "util/text/words.h"

struct name {
	const char *text;
	enum name_class class;
};

struct undefined {
	struct list link;
	const char *name;
	bool in_master_cf;
};

struct table_file {
	struct list link;
	const char *type, *path;
};

struct known {
	struct config *config;
	struct arena arena;
	struct hash *by_text;
	struct name **list;		/* what is not built in, in the order in which it became known */
	size_t count, room;
	struct list undefined, table_files;
};

/* Where a value stands that is looked through. */
struct scan {
	struct known *known;
	const struct master_entry *entry;	/* in an option of this service; NULL: in main.cf */
};

static void	setting_in_use(struct known *known, struct view name);

static bool
add(struct known *known, struct view text, enum name_class class)
{
	struct name *name;

	if (hash_get(known->by_text, text) != NULL)
		return false;
	if (known->count == known->room)
		known->list = mem_resize(known->list, (known->room = known->room * 2 + 64) * sizeof(known->list[0]));
	name = arena_alloc(&known->arena, sizeof(*name));
	name->text = arena_string(&known->arena, text);
	name->class = class;
	hash_put(known->by_text, text, name);
	known->list[known->count++] = name;
	return true;
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

/* Some of these names have a default of their own, and are built in otherwise. */
static void
add_service(struct known *known, const struct master_entry *entry)
{
	struct buf name = BUF_INIT;

	for (size_t i = 0; i < param_table_transport.count; i++) {
		const struct param *param = &param_table_transport.rows[i];

		if (!param->per_transport || !concerns(param, entry->command))
			continue;
		buf_reset(&name);
		buf_puts(&name, entry->name);
		buf_puts(&name, param->name + strlen("transport"));
		add(known, buf_view(&name), NAME_SERVICE);
	}
	buf_fini(&name);
}

/* -- of the administrator ------------------------------------------------------------------------------------------- */

static void
add_undefined(const struct scan *scan, struct view name)
{
	struct known *known = scan->known;
	bool in_master_cf = scan->entry != NULL;
	struct undefined *undefined;

	LIST_FOREACH(each, &known->undefined, struct undefined, link)
		if (view_is(name, each->name) && each->in_master_cf == in_master_cf)
			return;
	undefined = arena_alloc(&known->arena, sizeof(*undefined));
	*undefined = (struct undefined){ .name = arena_string(&known->arena, name), .in_master_cf = in_master_cf };
	list_append(&known->undefined, &undefined->link);
}

static bool
is_set(const struct known *known, struct view name)
{
	struct buf text = BUF_INIT;
	bool set;

	buf_putv(&text, name);
	set = config_is_set(known->config, buf_c(&text));
	buf_fini(&text);
	return set;
}

/* A name of main.cf that something reads. What is known already is looked through in any case. */
static void
used(struct known *known, struct view name)
{
	if (known_class(known, name) == 0 && is_set(known, name) && add(known, name, NAME_USER))
		setting_in_use(known, name);
}

static void
referred_to(struct view name, void *arg)
{
	const struct scan *scan = arg;
	struct view value;

	if (scan->entry != NULL && service_option_find(scan->entry, name, &value))
		return;
	used(scan->known, name);
	if (known_class(scan->known, name) == 0)
		add_undefined(scan, name);
}

struct prefix {
	struct known *known;
	struct view text;
	const struct table_names *names;
};

static void
add_with_prefix(const char *text, const char *raw, int line, void *arg)
{
	const struct prefix *prefix = arg;
	struct view name = view_string(text);
	size_t n = prefix->text.len;

	(void)raw;
	(void)line;
	if (view_starts(name, prefix->text) && text[n] == '_' &&
	    table_names_have(prefix->names, view_slice(name, n + 1, name.len)))
		used(prefix->known, name);
}

static void
add_table_file(struct known *known, const struct table_names *names, struct view path)
{
	const char *type = table_names_type(names);
	struct table_file *file;

	LIST_FOREACH(each, &known->table_files, struct table_file, link)
		if (view_is(path, each->path) && strcmp(type, each->type) == 0)
			return;
	file = arena_alloc(&known->arena, sizeof(*file));
	*file = (struct table_file){ .type = type, .path = arena_string(&known->arena, path) };
	list_append(&known->table_files, &file->link);
}

/* A table whose name is no path has its settings in main.cf, with that name in front. */
static void
table_in_use(struct known *known, struct view word)
{
	struct prefix prefix = { .known = known };
	struct buf name = BUF_INIT;
	struct view type, rest;

	if (view_starts(word, VIEW("proxy:")))
		word = view_slice(word, strlen("proxy:"), word.len);
	if (!view_split(word, ':', &type, &rest) || (prefix.names = table_names_find(type)) == NULL)
		return;
	if (config_expand(known->config, rest, &name, NULL) && name.len > 0) {
		prefix.text = buf_view(&name);
		if (name.data[0] == '/')
			add_table_file(known, prefix.names, prefix.text);
		else
			config_each_setting(known->config, add_with_prefix, &prefix);
	}
	buf_fini(&name);
}

static bool
is_never_expanded(struct view name)
{
	const struct param *param = param_find(name);

	return param != NULL && param_is_raw(param);
}

static void
value_in_use(const struct scan *scan, struct view name, struct view value)
{
	struct scan copy = *scan;
	struct view rest = value, word;

	if (is_never_expanded(name))
		return;
	expand_each_name(value, referred_to, &copy);
	while (view_word(&rest, ", \t\r\n", &word))
		table_in_use(scan->known, word);
	if (view_is(name, "smtpd_restriction_classes"))
		while (words_next(&value, &word, NULL))
			referred_to(word, &copy);
}

static void
setting_in_use(struct known *known, struct view name)
{
	const struct scan scan = { .known = known };
	struct buf text = BUF_INIT;

	buf_putv(&text, name);
	value_in_use(&scan, name, view_string(config_raw(known->config, buf_c(&text))));
	buf_fini(&text);
}

static void
main_cf_in_use(const char *name, const char *raw, int line, void *arg)
{
	struct known *known = arg;

	(void)raw;
	(void)line;
	if ((known_class(known, view_string(name)) & (NAME_BUILT_IN | NAME_SERVICE)) != 0)
		setting_in_use(known, view_string(name));
}

static void
options_in_use(struct known *known, const struct master_entry *entry)
{
	const struct scan scan = { known, entry };
	struct view name, value;

	for (int at = 0; service_option_next(entry, &at, &name, &value);)
		value_in_use(&scan, name, value);
}

/* -- the whole ------------------------------------------------------------------------------------------------------- */

struct known *
known_new(struct config *config, const struct master_cf *services)
{
	struct known *known = mem_new(sizeof(*known));

	known->config = config;
	arena_init(&known->arena);
	list_init(&known->undefined);
	list_init(&known->table_files);
	known->by_text = hash_new();
	if (services != NULL)
		LIST_FOREACH(entry, &services->entries, struct master_entry, link)
			add_service(known, entry);
	config_each_setting(config, main_cf_in_use, known);
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

static bool
is_built_in(const struct param *param)
{
	return param != NULL && !param->per_transport;
}

unsigned
known_class(const struct known *known, struct view text)
{
	const struct name *name = hash_get(known->by_text, text);

	if (name != NULL)
		return name->class;
	return is_built_in(param_find(text)) ? NAME_BUILT_IN : 0;
}

struct search {
	struct view name;
	bool found;
};

static void
compare_name(struct view name, void *arg)
{
	struct search *search = arg;

	search->found |= view_equal(name, search->name);
}

bool
known_to_service(const struct master_entry *entry, struct view wanted)
{
	struct search search = { wanted, false };
	struct view name, value;

	for (int at = 0; !search.found && service_option_next(entry, &at, &name, &value);) {
		expand_each_name(value, compare_name, &search);
		search.found |= view_is(name, "smtpd_restriction_classes") && words_contain(value, wanted);
	}
	return search.found;
}

void
known_each_undefined(const struct known *known, void (*each)(const char *name, bool in_master_cf, void *arg), void *arg)
{
	LIST_FOREACH(undefined, &known->undefined, struct undefined, link)
		each(undefined->name, undefined->in_master_cf, arg);
}

void
known_each_table_file(const struct known *known, void (*each)(const char *type, const char *path, void *arg), void *arg)
{
	LIST_FOREACH(file, &known->table_files, struct table_file, link)
		each(file->type, file->path, arg);
}

static int
compare_names(const void *a, const void *b)
{
	const struct name *const *x = a, *const *y = b;

	return strcmp((*x)->text, (*y)->text);
}

/* Built-in names are in order already; the others are merged in. */
void
known_each(const struct known *known, unsigned classes, void (*each)(const char *name, void *arg), void *arg)
{
	struct name **others = mem_dup(known->list, known->count * sizeof(known->list[0]));
	const struct param *param;
	size_t at = 0;

	qsort(others, known->count, sizeof(others[0]), compare_names);
	for (size_t i = 0; (param = param_at(i)) != NULL || at < known->count; i++) {
		for (; at < known->count && (param == NULL || strcmp(others[at]->text, param->name) < 0); at++)
			if ((others[at]->class & classes) != 0)
				each(others[at]->text, arg);
		if (is_built_in(param) && (classes & NAME_BUILT_IN) != 0 &&
		    (at == known->count || strcmp(others[at]->text, param->name) != 0))
			each(param->name, arg);
	}
	mem_free(others);
}
