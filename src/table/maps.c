#include "table/maps.h"
#include "util/log/log.h"
#include "util/text/words.h"

struct maps {
	char *title;
	struct table **tables;
	size_t count;
	const struct table *asked;	/* last */
};

static void
add(struct maps *maps, struct table *table)
{
	maps->tables = mem_resize(maps->tables, (maps->count + 1) * sizeof(*maps->tables));
	maps->tables[maps->count++] = table;
}

/* A list that cannot be read whole is not read at all: what is missing might be the part that says no. */
static void
add_broken(struct maps *maps, const struct table_env *env, const char *list, const char *reason)
{
	struct buf name = BUF_INIT;

	log_warn("%s: %s", maps->title, reason);
	buf_printf(&name, "fail:%s", list);
	add(maps, table_open(env, buf_view(&name), 0));
	buf_fini(&name);
}

struct maps *
maps_open(const struct table_env *env, const char *title, const char *list, unsigned flags)
{
	struct maps *maps = mem_new(sizeof(*maps));
	struct view rest = view_string(list), word;
	struct buf why = BUF_INIT;

	maps->title = mem_string(title);
	while (words_next(&rest, &word, &why))
		add(maps, table_open(env, word, flags));
	if (why.len > 0)
		add_broken(maps, env, list, buf_c(&why));
	buf_fini(&why);
	return maps;
}

void
maps_close(struct maps *maps)
{
	if (maps == NULL)
		return;
	for (size_t i = 0; i < maps->count; i++)
		table_close(maps->tables[i]);
	mem_free(maps->tables);
	mem_free(maps->title);
	mem_free(maps);
}

bool
maps_empty(const struct maps *maps)
{
	return maps->count == 0;
}

bool
maps_stable(const struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		if (!table_stable(maps->tables[i]))
			return false;
	return true;
}

bool
maps_changed(struct maps *maps, const char **which)
{
	for (size_t i = 0; i < maps->count; i++) {
		if (!table_changed(maps->tables[i]))
			continue;
		if (which != NULL)
			*which = table_name(maps->tables[i]);
		return true;
	}
	return false;
}

struct table *
maps_at(struct maps *maps, size_t i)
{
	return i < maps->count ? maps->tables[i] : NULL;
}

static enum lookup
ask(struct maps *maps, struct table *table, struct view key, struct buf *value)
{
	struct buf why = BUF_INIT;
	enum lookup result = table_lookup(table, key, value, &why);

	maps->asked = table;
	if (result == LOOKUP_RETRY)
		log_warn("%s: %s lookup error for \"%.*s\": %s", maps->title, table_name(table),
		    key.len > 100 ? 100 : VIEW_ARG(key), buf_c(&why));
	buf_fini(&why);
	if (result != LOOKUP_FOUND || value->len > 0)
		return result;
	log_warn("%s lookup of %.*s returns an empty string result", maps->title, VIEW_ARG(key));
	log_warn("%s should return NO RESULT in case of NOT FOUND", table_name(table));
	return LOOKUP_NONE;
}

enum lookup
maps_lookup(struct maps *maps, struct view key, bool fixed_only, struct buf *value, struct table **winner)
{
	enum lookup result;

	if (key.len == 0)
		return LOOKUP_NONE;
	for (size_t i = 0; i < maps->count; i++) {
		if (fixed_only && table_kind(maps->tables[i]) == TABLE_PATTERN)
			continue;
		if ((result = ask(maps, maps->tables[i], key, value)) == LOOKUP_NONE)
			continue;
		if (winner != NULL)
			*winner = maps->tables[i];
		return result;
	}
	return LOOKUP_NONE;
}

bool
maps_refused(const struct maps *maps)
{
	return maps->asked != NULL && table_refused(maps->asked);
}

bool
maps_wants_announcements(const struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		if (table_wants_announcements(maps->tables[i]))
			return true;
	return false;
}

void
maps_announce(struct maps *maps, struct view key)
{
	for (size_t i = 0; i < maps->count; i++)
		table_announce(maps->tables[i], key);
}
