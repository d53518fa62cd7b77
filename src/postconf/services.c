#include "postconf/services.h"

#include <stdio.h>
#include <stdlib.h>

#include "global/config/main_cf.h"
#include "util/base/arena.h"
#include "util/log/log.h"
#include "util/text/words.h"

enum { LINE_WIDTH = 80 };

const char *const service_field_names[SERVICE_FIELDS] = {
	"service", "type", "private", "unprivileged", "chroot", "wakeup", "process_limit", "command",
};

int
service_field_find(struct view name)
{
	for (int i = 0; i < SERVICE_FIELDS; i++)
		if (view_is(name, service_field_names[i]))
			return i;
	return -1;
}

/* -- options --------------------------------------------------------------------------------------------------------- */

static bool
has_value(const struct master_entry *entry, int i)
{
	return strcmp(entry->argv[i], "-o") == 0 && i + 1 < entry->argc;
}

int
service_options_end(const struct master_entry *entry)
{
	int i = 1;

	while (i < entry->argc && entry->argv[i][0] == '-')
		i += has_value(entry, i) ? 2 : 1;
	return i;
}

bool
service_option_next(const struct master_entry *entry, int *at, struct view *name, struct view *value)
{
	int end = service_options_end(entry);

	for (int i = *at + 1; i < end; i++) {
		if (!has_value(entry, i))
			continue;
		if (main_cf_split(view_string(entry->argv[++i]), name, value, NULL)) {
			*at = i;
			return true;
		}
	}
	return false;
}

bool
service_option_find(const struct master_entry *entry, struct view name, struct view *value)
{
	struct view each, text;
	bool found = false;

	for (int at = 0; service_option_next(entry, &at, &each, &text);) {
		if (view_equal(each, name)) {
			*value = text;
			found = true;
		}
	}
	return found;
}

/* -- as text --------------------------------------------------------------------------------------------------------- */

void
service_word_put(struct buf *out, struct view text)
{
	bool braces = view_empty(text) || text.data[0] == '{' || view_find_any(text, " \t") >= 0;

	buf_printf(out, "%s%.*s%s", braces ? "{" : "", VIEW_ARG(text), braces ? "}" : "");
}

static void
argument_put(struct buf *out, const struct master_entry *entry, int i)
{
	struct view name, value;
	struct buf option = BUF_INIT;

	if (i > 1 && has_value(entry, i - 1) && main_cf_split(view_string(entry->argv[i]), &name, &value, NULL))
		buf_printf(&option, "%.*s=%.*s", VIEW_ARG(name), VIEW_ARG(value));
	else
		buf_puts(&option, entry->argv[i]);
	service_word_put(out, buf_view(&option));
	buf_fini(&option);
}

/*
 * An option and its value stay on one line, which they have for themselves. indent: what stands in front of `out` on the
 * first line.
 */
static void
arguments_put(struct buf *out, const struct master_entry *entry, bool fold, size_t indent)
{
	int options_end = service_options_end(entry);
	size_t line = 0;		/* where it begins */
	bool after_option = false;

	for (int i = 1; i < entry->argc; i++) {
		bool option = i < options_end && has_value(entry, i);
		struct buf text = BUF_INIT;

		argument_put(&text, entry, i);
		if (option) {
			buf_putc(&text, ' ');
			argument_put(&text, entry, ++i);
		}
		if (fold && (option || after_option || indent + out->len - line + 1 + text.len >= LINE_WIDTH)) {
			buf_puts(out, "\n    ");
			line = out->len - 4;
			indent = 0;
		} else {
			buf_putc(out, ' ');
		}
		buf_putv(out, buf_view(&text));
		buf_fini(&text);
		after_option = option;
	}
}

void
service_put(struct buf *out, const struct master_entry *entry, bool fold)
{
	static const size_t columns[SERVICE_FIELDS] = { 0, 11, 17, 25, 33, 41, 49, 57 };
	struct buf line = BUF_INIT;

	for (int i = 0; i < SERVICE_FIELDS - 1; i++) {
		buf_puts(&line, entry->fields[i]);
		buf_putn(&line, ' ', line.len < columns[i + 1] ? columns[i + 1] - line.len : 1);
	}
	buf_puts(&line, entry->command);
	arguments_put(&line, entry, fold, 0);
	buf_putv(out, buf_view(&line));
	buf_fini(&line);
}

/* -- expansion ------------------------------------------------------------------------------------------------------- */

static void
lay_over(const char *name, const char *raw, int line, void *arg)
{
	(void)line;
	config_override(arg, view_string(name), view_string(raw));
}

/* What the process of this service would see. */
static struct config *
config_of_service(const struct config *main_cf, const struct master_entry *entry)
{
	struct config *config = config_empty(config_directory(main_cf));
	struct view name, value;

	config_each_setting(main_cf, lay_over, config);
	for (int at = 0; service_option_next(entry, &at, &name, &value);)
		config_override(config, name, value);
	config_set_service(config, entry->name, entry->command);
	return config;
}

/* The entry with the values of its options expanded; all in the arena. */
static struct master_entry *
expand_entry(const struct config *main_cf, const struct master_entry *entry, struct arena *arena)
{
	struct config *config = config_of_service(main_cf, entry);
	struct master_entry *expanded = arena_alloc(arena, sizeof(*expanded));
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct view name, value;

	*expanded = *entry;
	expanded->argv = arena_alloc_array(arena, (size_t)entry->argc + 1, sizeof(entry->argv[0]));
	memcpy(expanded->argv, entry->argv, ((size_t)entry->argc + 1) * sizeof(entry->argv[0]));
	for (int at = 0; service_option_next(entry, &at, &name, &value);) {
		buf_reset(&text);
		buf_printf(&text, "%.*s=", VIEW_ARG(name));
		if (!config_expand(config, value, &text, &why))
			log_fatal("%s/%s/%.*s: %s", entry->name, master_type_name(entry->type), VIEW_ARG(name), buf_c(&why));
		expanded->argv[at] = arena_string(arena, buf_view(&text));
	}
	buf_fini(&text);
	buf_fini(&why);
	config_free(config);
	return expanded;
}

/* -- selection ------------------------------------------------------------------------------------------------------- */

struct listing {
	const struct print_style *style;
	struct view name, type, item;	/* parts of the pattern; empty: all */
	bool found;
};

static bool
part_fits(struct view part, struct view text)
{
	return view_empty(part) || view_is(part, "*") || view_equal(part, text);
}

static bool
entry_fits(const struct listing *listing, const struct master_entry *entry)
{
	return part_fits(listing->name, view_string(entry->name)) &&
	    part_fits(listing->type, view_string(master_type_name(entry->type)));
}

static struct view
take_part(struct view *rest)
{
	struct view part, after = VIEW_EMPTY;

	if (!view_split(*rest, '/', &part, &after))
		part = *rest;
	*rest = after;
	return part;
}

static void
read_pattern(const char *pattern, char what, struct listing *listing)
{
	struct view rest = view_string(pattern);

	listing->name = take_part(&rest);
	listing->type = take_part(&rest);
	listing->item = what != 'M' ? take_part(&rest) : VIEW_EMPTY;
	if (!view_empty(rest))
		log_fatal("-%c option requires service_name[/type%s], not \"%s\"", what,
		    what == 'M' ? "]" : what == 'F' ? "[/field]]" : "[/parameter]]", pattern);
	if (what == 'F' && !part_fits(listing->item, VIEW("")) && service_field_find(listing->item) == -1)
		log_fatal("invalid service attribute name: \"%.*s\"", VIEW_ARG(listing->item));
}

/* -- printing -------------------------------------------------------------------------------------------------------- */

static void
item_name_put(struct buf *out, const struct master_entry *entry, struct view item)
{
	buf_printf(out, "%s/%s%s%.*s", entry->name, master_type_name(entry->type), view_empty(item) ? "" : "/", VIEW_ARG(item));
}

static void
print_line(struct listing *listing, const struct master_entry *entry)
{
	struct buf line = BUF_INIT, name = BUF_INIT;

	item_name_put(&name, entry, VIEW_EMPTY);
	service_put(&line, entry, listing->style->fold && !listing->style->json);
	if (listing->style->json)
		print_pair(listing->style, buf_c(&name), buf_c(&line));
	else
		puts(buf_c(&line));
	listing->found = true;
	buf_fini(&name);
	buf_fini(&line);
}

static void
print_item(struct listing *listing, const struct master_entry *entry, struct view item, const char *value, bool folded)
{
	struct buf name = BUF_INIT;

	item_name_put(&name, entry, item);
	(folded ? print_folded_pair : print_pair)(listing->style, buf_c(&name), value);
	listing->found = true;
	buf_fini(&name);
}

static void
print_fields(struct listing *listing, const struct master_entry *entry)
{
	const struct print_style *style = listing->style;
	struct buf command = BUF_INIT, label = BUF_INIT;

	if (!style->values_only)
		item_name_put(&label, entry, VIEW("command = "));
	buf_puts(&command, entry->command);
	arguments_put(&command, entry, style->fold && !style->json, label.len);
	buf_fini(&label);
	for (int i = 0; i < SERVICE_FIELDS; i++) {
		struct view item = view_string(service_field_names[i]);

		if (part_fits(listing->item, item))
			print_item(listing, entry, item, i == SERVICE_FIELDS - 1 ? buf_c(&command) : entry->fields[i], true);
	}
	buf_fini(&command);
}

struct option {
	struct view name, value;
};

static int
by_name(const void *a, const void *b)
{
	const struct option *x = a, *y = b;

	return view_compare(x->name, y->name);
}

/* In the order of their names, each once: the last setting counts. */
static size_t
collect_options(const struct master_entry *entry, struct option *list)
{
	struct view name, value, last;
	size_t count = 0;

	for (int at = 0; service_option_next(entry, &at, &name, &value);) {
		size_t i = 0;

		while (i < count && !view_equal(list[i].name, name))
			i++;
		if (i == count && service_option_find(entry, name, &last))
			list[count++] = (struct option){ name, last };
	}
	qsort(list, count, sizeof(list[0]), by_name);
	return count;
}

static void
print_options(struct listing *listing, const struct master_entry *entry)
{
	struct option *list = mem_new((size_t)entry->argc * sizeof(list[0]));
	size_t count = collect_options(entry, list);
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		if (!part_fits(listing->item, list[i].name))
			continue;
		buf_set(&text, list[i].value);
		print_item(listing, entry, list[i].name, buf_c(&text), false);
	}
	buf_fini(&text);
	mem_free(list);
}

static void
print_entry(struct listing *listing, char what, const struct master_entry *entry)
{
	switch (what) {
	case 'M': print_line(listing, entry); break;
	case 'F': print_fields(listing, entry); break;
	default: print_options(listing, entry); break;
	}
}

static void
print_matching(const struct master_cf *cf, char what, struct config *expand, struct listing *listing)
{
	struct arena arena;

	arena_init(&arena);
	LIST_FOREACH(entry, &cf->entries, struct master_entry, link)
		if (entry_fits(listing, entry))
			print_entry(listing, what, expand != NULL ? expand_entry(expand, entry, &arena) : entry);
	arena_fini(&arena);
}

void
services_print(const struct master_cf *cf, char what, struct config *expand, const struct print_style *style,
    char *const *patterns)
{
	struct listing everything = { .style = style };

	if (*patterns == NULL)
		print_matching(cf, what, expand, &everything);
	for (; *patterns != NULL; patterns++) {
		struct listing listing = { .style = style };

		read_pattern(*patterns, what, &listing);
		print_matching(cf, what, expand, &listing);
		if (!listing.found)
			log_warn("unmatched request: \"%s\"", *patterns);
	}
}
