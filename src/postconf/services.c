#include "postconf/services.h"

#include <stdio.h>

#include "global/config/main_cf.h"

enum { LINE_WIDTH = 80 };

const char *const service_field_names[SERVICE_FIELDS] = {
	"service", "type", "private", "unprivileged", "chroot", "wakeup", "process_limit", "command",
};

bool
service_option(const struct master_entry *entry, int i, struct view *name, struct view *value)
{
	return i >= 2 && strcmp(entry->argv[i - 1], "-o") == 0 && main_cf_split(view_string(entry->argv[i]), name, value, NULL);
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

	if (service_option(entry, i, &name, &value))
		buf_printf(&option, "%.*s=%.*s", VIEW_ARG(name), VIEW_ARG(value));
	else
		buf_puts(&option, entry->argv[i]);
	service_word_put(out, buf_view(&option));
	buf_fini(&option);
}

/* An option and its value stay on one line, which they have for themselves. */
static void
arguments_put(struct buf *out, const struct master_entry *entry, bool fold)
{
	size_t line = 0;
	bool after_option = false;

	for (int i = 1; i < entry->argc; i++) {
		bool option = strcmp(entry->argv[i], "-o") == 0 && i + 1 < entry->argc;
		struct buf text = BUF_INIT;

		argument_put(&text, entry, i);
		if (option) {
			buf_putc(&text, ' ');
			argument_put(&text, entry, ++i);
		}
		if (fold && (option || after_option || out->len - line + 1 + text.len > LINE_WIDTH)) {
			buf_puts(out, "\n    ");
			line = out->len - 4;
		} else {
			buf_putc(out, ' ');
		}
		buf_putv(out, buf_view(&text));
		buf_fini(&text);
		after_option = option;
	}
}

void
service_command_put(struct buf *out, const struct master_entry *entry)
{
	buf_puts(out, entry->command);
	arguments_put(out, entry, false);
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
	arguments_put(&line, entry, fold);
	buf_putv(out, buf_view(&line));
	buf_fini(&line);
}

/* -- selection ------------------------------------------------------------------------------------------------------- */

static bool
part_matches(struct view *pattern, struct view text)
{
	struct view part, rest;

	if (!view_split(*pattern, '/', &part, &rest)) {
		part = *pattern;
		rest = VIEW_EMPTY;
	}
	*pattern = rest;
	return view_empty(part) || view_is(part, "*") || view_equal(part, text);
}

static bool
matches(const char *pattern, const struct master_entry *entry, struct view item)
{
	struct view rest = view_string(pattern);

	return part_matches(&rest, view_string(entry->name)) &&
	    part_matches(&rest, view_string(master_type_name(entry->type))) && part_matches(&rest, item);
}

static bool
selected(char *const *patterns, const struct master_entry *entry, struct view item)
{
	if (*patterns == NULL)
		return true;
	for (; *patterns != NULL; patterns++)
		if (matches(*patterns, entry, item))
			return true;
	return false;
}

/* -- printing -------------------------------------------------------------------------------------------------------- */

static void
print_line(const struct master_entry *entry, const struct print_style *style)
{
	struct buf line = BUF_INIT, name = BUF_INIT;

	service_put(&line, entry, style->fold && !style->json);
	if (style->json) {
		buf_printf(&name, "%s/%s", entry->name, master_type_name(entry->type));
		print_pair(style, buf_c(&name), buf_c(&line));
	} else {
		puts(buf_c(&line));
	}
	buf_fini(&name);
	buf_fini(&line);
}

void
services_print_lines(const struct master_cf *cf, const struct print_style *style, char *const *patterns)
{
	LIST_FOREACH(entry, &cf->entries, struct master_entry, link)
		if (selected(patterns, entry, VIEW_EMPTY))
			print_line(entry, style);
}

static void
print_item(const struct master_entry *entry, const struct print_style *style, struct view item, const char *value)
{
	struct buf name = BUF_INIT;

	buf_printf(&name, "%s/%s/%.*s", entry->name, master_type_name(entry->type), VIEW_ARG(item));
	print_pair(style, buf_c(&name), value);
	buf_fini(&name);
}

static void
print_fields(const struct master_entry *entry, const struct print_style *style, char *const *patterns)
{
	struct buf command = BUF_INIT;

	service_command_put(&command, entry);
	for (int i = 0; i < SERVICE_FIELDS; i++) {
		struct view item = view_string(service_field_names[i]);

		if (selected(patterns, entry, item))
			print_item(entry, style, item, i == SERVICE_FIELDS - 1 ? buf_c(&command) : entry->fields[i]);
	}
	buf_fini(&command);
}

void
services_print_fields(const struct master_cf *cf, const struct print_style *style, char *const *patterns)
{
	LIST_FOREACH(entry, &cf->entries, struct master_entry, link)
		print_fields(entry, style, patterns);
}

static void
print_options(const struct master_entry *entry, const struct print_style *style, char *const *patterns)
{
	struct buf text = BUF_INIT;
	struct view name, value;

	for (int i = 1; i < entry->argc; i++) {
		if (!service_option(entry, i, &name, &value) || !selected(patterns, entry, name))
			continue;
		buf_set(&text, value);
		print_item(entry, style, name, buf_c(&text));
	}
	buf_fini(&text);
}

void
services_print_options(const struct master_cf *cf, const struct print_style *style, char *const *patterns)
{
	LIST_FOREACH(entry, &cf->entries, struct master_entry, link)
		print_options(entry, style, patterns);
}
