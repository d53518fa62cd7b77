#include "table/match_list.h"
#include "table/source.h"
#include "util/log/log.h"
#include "util/text/casefold.h"
#include "util/text/words.h"

enum item_kind { ITEM_NAME, ITEM_NETWORK, ITEM_TABLE, ITEM_BROKEN };

struct item {
	enum item_kind kind;
	bool negate;
	char *text;			/* as written, folded for ITEM_NAME; why for ITEM_BROKEN */
	struct netblock network;
	struct table *table;
};

struct match_list {
	const struct table_env *env;
	char *title;
	unsigned flags;
	struct item *items;
	size_t count;
};

enum { FILE_DEPTH_MAX = 20 };		/* files that name files */

static void	add_words(struct match_list *list, struct view words, bool negate, int depth);

/* -- opening ---------------------------------------------------------------------------------------------------------- */

static struct item *
add(struct match_list *list, enum item_kind kind, bool negate)
{
	struct item *item;

	list->items = mem_resize(list->items, (list->count + 1) * sizeof(*list->items));
	item = &list->items[list->count++];
	*item = (struct item){ .kind = kind, .negate = negate };
	return item;
}

static void
add_broken(struct match_list *list, const char *reason)
{
	log_warn("%s: %s", list->title, reason);
	add(list, ITEM_BROKEN, false)->text = mem_string(reason);
}

static void
add_file(struct match_list *list, struct view path, bool negate, int depth)
{
	struct buf name = BUF_INIT, why = BUF_INIT;
	struct source source;
	struct view line;

	buf_putv(&name, path);
	if (depth == FILE_DEPTH_MAX) {
		add_broken(list, "files that name files are nested too deep");
	} else if (!source_open(&source, buf_c(&name), &why)) {
		add_broken(list, buf_c(&why));
	} else {
		while (source_next(&source, &line))
			add_words(list, line, negate, depth + 1);
		if (source.failed)
			add_broken(list, "a file could not be read to its end");
		source_close(&source);
	}
	buf_fini(&why);
	buf_fini(&name);
}

static void
add_table(struct match_list *list, struct view name, bool negate)
{
	add(list, ITEM_TABLE, negate)->table = table_open(list->env, name, TABLE_FOLD_FIXED);
}

/* "192.0.2.1/24" must not become a name that never matches: a negated one would let everybody in. */
static bool
is_meant_as_network(const struct match_list *list, struct view text)
{
	struct netaddr addr;
	struct view before = text, after;
	bool slash = view_split(text, '/', &before, &after);

	return text.data[0] == '[' || (slash && netaddr_parse(before, &addr)) ||
	    (slash && (list->flags & MATCH_WARN_SYNTAX) != 0);
}

static void
add_pattern(struct match_list *list, struct view text, bool negate)
{
	struct buf why = BUF_INIT, folded = BUF_INIT;
	struct netblock network;
	struct item *item;

	if (netblock_parse(text, &network, &why)) {
		item = add(list, ITEM_NETWORK, negate);
		item->network = network;
	} else if (is_meant_as_network(list, text)) {
		add_broken(list, buf_c(&why));
	} else {
		item = add(list, ITEM_NAME, negate);
		casefold_put(&folded, text, list->env->utf8);
		item->text = buf_detach(&folded);
	}
	buf_fini(&folded);
	buf_fini(&why);
}

static bool
is_table_name(struct view word)
{
	return word.data[0] != '[' && view_find(word, ':') != -1;
}

static void
add_word(struct match_list *list, struct view word, bool negate, int depth)
{
	for (; word.len > 0 && word.data[0] == '!'; word = view_slice(word, 1, word.len))
		negate = !negate;
	if (word.len > 0 && word.data[0] == '#')		/* CF4 */
		log_warn("%s: a comment must begin its line; \"%.*s\" and what follows are patterns here", list->title,
		    VIEW_ARG(word));
	if (word.len == 0)
		add_broken(list, "no pattern after '!'");
	else if (word.data[0] == '/')
		add_file(list, word, negate, depth);
	else if (is_table_name(word))
		add_table(list, word, negate);
	else
		add_pattern(list, word, negate);
}

static void
add_words(struct match_list *list, struct view words, bool negate, int depth)
{
	struct buf why = BUF_INIT;
	struct view word;

	while (words_next(&words, &word, &why))
		add_word(list, word, negate, depth);
	if (why.len > 0)
		add_broken(list, buf_c(&why));
	buf_fini(&why);
}

struct match_list *
match_list_open(const struct table_env *env, const char *title, const char *text, unsigned flags)
{
	struct match_list *list = mem_new(sizeof(*list));

	list->env = env;
	list->title = mem_string(title);
	list->flags = flags;
	add_words(list, view_string(text), false, 0);
	return list;
}

void
match_list_close(struct match_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++) {
		table_close(list->items[i].table);
		mem_free(list->items[i].text);
	}
	mem_free(list->items);
	mem_free(list->title);
	mem_free(list);
}

bool
match_list_changed(struct match_list *list, const char **which)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].kind != ITEM_TABLE || !table_changed(list->items[i].table))
			continue;
		if (which != NULL)
			*which = table_name(list->items[i].table);
		return true;
	}
	return false;
}

/* -- matching --------------------------------------------------------------------------------------------------------- */

/* What is asked for, in all forms that an item may compare with. */
struct subject {
	struct view name;			/* folded; may be empty */
	bool with_parents;			/* the name is a domain */
	const struct netaddr *addr;		/* may be NULL */
	struct view addr_text;
};

static enum lookup
ask_table(const struct match_list *list, struct table *table, struct view key)
{
	struct buf value = BUF_INIT, why = BUF_INIT;
	enum lookup result = key.len > 0 ? table_lookup(table, key, &value, &why) : LOOKUP_NONE;

	if (result == LOOKUP_RETRY)
		log_warn("%s: %s lookup error for \"%.*s\": %s", list->title, table_name(table), VIEW_ARG(key),
		    buf_c(&why));
	buf_fini(&why);
	buf_fini(&value);
	return result;
}

/* The next parent: "a.b.c" → ".b.c" or "b.c". False when there is none. */
static bool
next_parent(struct view *name, bool keep_dot)
{
	struct view rest = view_slice(*name, 1, name->len);
	ptrdiff_t dot = view_find(rest, '.');

	if (dot == -1 || (size_t)dot + 1 == rest.len)
		return false;
	*name = view_slice(rest, (size_t)dot + (keep_dot ? 0 : 1), rest.len);
	return true;
}

static enum lookup
match_parents(const struct match_list *list, struct table *table, struct view name)
{
	bool keep_dot = (list->flags & MATCH_PARENT_DOMAINS) == 0;
	enum lookup result = LOOKUP_NONE;

	while (result == LOOKUP_NONE && name.len > 0 && next_parent(&name, keep_dot))
		result = ask_table(list, table, name);
	return result;
}

static enum lookup
match_table(const struct match_list *list, struct table *table, const struct subject *subject)
{
	enum lookup result = ask_table(list, table, subject->name);

	if (result == LOOKUP_NONE && subject->with_parents && table_kind(table) == TABLE_FIXED)
		result = match_parents(list, table, subject->name);
	if (result == LOOKUP_NONE)
		result = ask_table(list, table, subject->addr_text);
	return result;
}

/* Parent domains are named as `domain` or as `.domain`: the flag says which, for a whole list. */
static bool
match_name(const struct match_list *list, struct view pattern, const struct subject *subject)
{
	struct view name = subject->name;
	size_t before;

	if (name.len == 0 || view_equal(pattern, name))
		return name.len > 0;
	if (!subject->with_parents || name.len <= pattern.len || !view_ends(name, pattern))
		return false;
	before = name.len - pattern.len - 1;
	return (list->flags & MATCH_PARENT_DOMAINS) != 0 ? name.data[before] == '.' : pattern.data[0] == '.';
}

static bool
match_network(const struct item *item, const struct subject *subject)
{
	return subject->addr != NULL && netblock_contains(&item->network, subject->addr);
}

static enum lookup
match_item(const struct match_list *list, const struct item *item, const struct subject *subject)
{
	switch (item->kind) {
	case ITEM_NAME:
		return match_name(list, view_string(item->text), subject) ? LOOKUP_FOUND : LOOKUP_NONE;
	case ITEM_NETWORK:
		return match_network(item, subject) ? LOOKUP_FOUND : LOOKUP_NONE;
	case ITEM_TABLE:
		return match_table(list, item->table, subject);
	case ITEM_BROKEN:
		break;
	}
	return LOOKUP_RETRY;
}

static enum lookup
match(const struct match_list *list, const struct subject *subject)
{
	enum lookup result;

	for (size_t i = 0; i < list->count; i++) {
		result = match_item(list, &list->items[i], subject);
		if (result == LOOKUP_FOUND && list->items[i].negate)
			return LOOKUP_NONE;
		if (result != LOOKUP_NONE)
			return result;
	}
	return LOOKUP_NONE;
}

/* Names and addresses are told apart by their own look: a string that is an address is compared as one. */
static enum lookup
match_text(struct match_list *list, struct view text, bool with_parents, const struct netaddr *addr)
{
	struct buf folded = BUF_INIT, printed = BUF_INIT;
	struct subject subject = { .with_parents = with_parents, .addr = addr };
	enum lookup result;

	casefold_put(&folded, text, list->env->utf8);
	subject.name = buf_view(&folded);
	if (addr != NULL)
		netaddr_put(&printed, addr);
	subject.addr_text = buf_view(&printed);
	result = match(list, &subject);
	buf_fini(&printed);
	buf_fini(&folded);
	return result;
}

enum lookup
match_list_string(struct match_list *list, struct view text)
{
	struct netaddr addr;

	return match_text(list, text, false, netaddr_parse(text, &addr) ? &addr : NULL);
}

enum lookup
match_list_domain(struct match_list *list, struct view domain)
{
	return match_text(list, domain, true, NULL);
}

enum lookup
match_list_host(struct match_list *list, struct view name, const struct netaddr *addr)
{
	return match_text(list, name, true, addr);
}
