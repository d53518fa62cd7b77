#include "global/config/main_cf.h"
#include "postconf/cf_edit.h"
#include "postconf/edit.h"
#include "postconf/services.h"
#include "util/base/arena.h"
#include "util/log/log.h"
#include "util/text/words.h"

/* One argument, "name/type[/item][=value]". */
struct master_edit {
	const struct master_edit_kind *what;
	enum edit_kind kind;
	const char *argument;
	struct view name, type, item, value;
	struct buf line;	/* a new entry, as it will stand in the file */
	bool found, failed;
	struct buf *why;
};

struct master_edit_kind {
	bool with_item;
	const char *wanted;
	/* Looks at the argument before anything is changed; may be NULL. */
	bool (*check)(struct master_edit *edit);
	/* Appends the new form of an entry that was named; NULL: it is replaced whole. */
	bool (*rewrite)(const struct master_edit *edit, const struct master_entry *entry, struct buf *out, struct buf *why);
};

static struct master_entry *
only_entry(struct master_cf *cf)
{
	return cf != NULL ? LIST_FIRST(&cf->entries, struct master_entry, link) : NULL;
}

static bool
part_equal(struct view pattern, struct view text)
{
	return view_is(pattern, "*") || view_equal(pattern, text);
}

static bool
is_named(const struct master_edit *edit, const struct master_entry *entry)
{
	return part_equal(edit->name, view_string(entry->name)) &&
	    part_equal(edit->type, view_string(master_type_name(entry->type)));
}

static enum cf_action
change_entry(struct master_edit *edit, const struct master_entry *entry, struct buf *replacement)
{
	bool again = edit->found;

	edit->found = true;
	if (edit->what->rewrite != NULL) {
		edit->failed |= !edit->what->rewrite(edit, entry, replacement, edit->why);
		return CF_REPLACE;
	}
	if (edit->kind == EDIT_COMMENT)
		return CF_COMMENT;
	if (edit->kind == EDIT_REMOVE || again)
		return CF_REMOVE;
	buf_putv(replacement, buf_view(&edit->line));
	return CF_REPLACE;
}

static enum cf_action
decide(struct view line, struct buf *replacement, void *arg)
{
	struct master_edit *edit = arg;
	struct master_cf *cf = master_cf_parse(line, "master.cf", NULL);
	struct master_entry *entry = only_entry(cf);
	enum cf_action action = CF_KEEP;

	if (entry != NULL && is_named(edit, entry))
		action = change_entry(edit, entry, replacement);
	master_cf_free(cf);
	return action;
}

/* A new service goes to the end; what is to be changed and is not there is worth a word. */
static void
not_found(const struct master_edit *edit, struct buf *out)
{
	if (edit->what->rewrite == NULL && edit->kind == EDIT_SET)
		cf_append(out, buf_view(&edit->line));
	if (edit->what->rewrite != NULL)
		log_warn("unmatched service_name/type: \"%s\"", edit->argument);
}

static bool
change_entries(struct master_edit *edit, struct buf *text)
{
	struct buf out = BUF_INIT;

	cf_edit(buf_view(text), decide, edit, &out);
	if (!edit->found)
		not_found(edit, &out);
	buf_swap(text, &out);
	buf_fini(&out);
	return !edit->failed;
}

/* -- arguments ------------------------------------------------------------------------------------------------------- */

static bool
take_part(struct view *rest, struct view *part)
{
	struct view after = VIEW_EMPTY;

	if (!view_split(*rest, '/', part, &after))
		*part = *rest;
	*rest = after;
	return !view_empty(*part);
}

static bool
read_argument(struct master_edit *edit)
{
	struct view rest = view_string(edit->argument);
	bool good;

	if (edit->kind == EDIT_SET && !main_cf_split(view_string(edit->argument), &rest, &edit->value, edit->why))
		return false;
	rest = view_trim(rest);
	good = take_part(&rest, &edit->name) && take_part(&rest, &edit->type) &&
	    (!edit->what->with_item || take_part(&rest, &edit->item)) && view_empty(rest);
	if (!good)
		why_set(edit->why, "%s is wanted, not \"%s\"", edit->what->wanted, edit->argument);
	return good && (edit->what->check == NULL || edit->what->check(edit));
}

struct master_edits {
	const struct master_edit_kind *what;
	enum edit_kind kind;
	char *const *arguments;
};

/* A later argument sees what an earlier one did; one that is bad leaves the file as it is. */
static bool
change_master_cf(struct view text, struct buf *out, void *arg, struct buf *why)
{
	const struct master_edits *edits = arg;
	struct arena arena;
	bool done = true;

	arena_init(&arena);
	buf_set(out, text);
	for (char *const *argument = edits->arguments; done && *argument != NULL; argument++) {
		struct master_edit edit = {
			.what = edits->what, .kind = edits->kind, .argument = edit_one_line(&arena, view_string(*argument)), .why = why,
		};

		done = read_argument(&edit) && change_entries(&edit, out);
		buf_fini(&edit.line);
	}
	arena_fini(&arena);
	return done;
}

static bool
edit_master_cf(const char *directory, const struct master_edit_kind *what, enum edit_kind kind, char *const *arguments,
    struct buf *why)
{
	struct master_edits edits = { what, kind, arguments };

	return edit_file(directory, "master.cf", change_master_cf, &edits, why);
}

/* -- whole entries --------------------------------------------------------------------------------------------------- */

/* The new line must be one good entry; it may bear another name than the one whose place it takes. */
static bool
check_line(struct master_edit *edit)
{
	struct master_cf *cf;
	struct master_entry *entry;
	bool good;

	if (edit->kind != EDIT_SET)
		return true;
	cf = master_cf_parse(edit->value, "new entry", edit->why);
	entry = only_entry(cf);
	good = entry != NULL;
	if (good)
		service_put(&edit->line, entry, true);
	else if (cf != NULL)
		why_set(edit->why, "%s: there is no entry behind the \"=\"", edit->argument);
	master_cf_free(cf);
	return good;
}

bool
edit_services(const char *directory, enum edit_kind kind, char *const *arguments, struct buf *why)
{
	static const struct master_edit_kind what = {
		.wanted = "-Me, -MX or -M#: service_name/type", .check = check_line,
	};

	return edit_master_cf(directory, &what, kind, arguments, why);
}

/* -- one field ------------------------------------------------------------------------------------------------------- */

static bool
check_field(struct master_edit *edit)
{
	if (service_field_find(edit->item) == -1)
		why_set(edit->why, "invalid service attribute name: \"%.*s\"", VIEW_ARG(edit->item));
	else if (view_empty(edit->value))
		why_set(edit->why, "%s: a field needs a value; \"-\" is the default", edit->argument);
	else
		return true;
	return false;
}

/* Puts the columns together, has them checked, and writes them as all entries are written. */
static bool
put_checked(struct view columns, struct buf *out, struct buf *why)
{
	struct master_cf *cf = master_cf_parse(columns, "new entry", why);

	if (cf == NULL)
		return false;
	service_put(out, only_entry(cf), true);
	master_cf_free(cf);
	return true;
}

static bool
rewrite_field(const struct master_edit *edit, const struct master_entry *entry, struct buf *out, struct buf *why)
{
	int wanted = service_field_find(edit->item);
	struct buf line = BUF_INIT;
	bool done;

	for (int i = 0; i < SERVICE_FIELDS; i++) {
		if (i == wanted)
			buf_putv(&line, edit->value);
		else
			buf_puts(&line, entry->fields[i]);
		buf_putc(&line, ' ');
	}
	done = put_checked(buf_view(&line), out, why);
	buf_fini(&line);
	return done;
}

bool
edit_fields(const char *directory, char *const *arguments, struct buf *why)
{
	static const struct master_edit_kind what = {
		.with_item = true, .wanted = "-Fe: service_name/type/field=value", .check = check_field, .rewrite = rewrite_field,
	};

	return edit_master_cf(directory, &what, EDIT_SET, arguments, why);
}

/* -- one option ------------------------------------------------------------------------------------------------------ */

static void
argument_put(struct buf *line, const char *argument)
{
	buf_putc(line, ' ');
	service_word_put(line, view_string(argument));
}

static void
option_put(struct buf *line, struct view name, struct view value)
{
	struct buf word = BUF_INIT;

	buf_printf(&word, "%.*s=%.*s", VIEW_ARG(name), VIEW_ARG(value));
	buf_puts(line, " -o ");
	service_word_put(line, buf_view(&word));
	buf_fini(&word);
}

static void
arguments_put(struct buf *line, const struct master_entry *entry, int from, int to)
{
	for (int i = from; i < to; i++)
		argument_put(line, entry->argv[i]);
}

/* Every setting of the name is set anew or goes; a new one is the last of the options. */
static void
options_put(const struct master_edit *edit, const struct master_entry *entry, struct buf *line)
{
	int done = 1, end = service_options_end(entry);
	struct view name, value;
	bool found = false;

	for (int at = 0; service_option_next(entry, &at, &name, &value);) {
		arguments_put(line, entry, done, at - 1);
		done = at + 1;
		if (!view_equal(name, edit->item))
			option_put(line, name, value);
		else if (edit->kind == EDIT_SET)
			option_put(line, name, edit->value);
		found |= view_equal(name, edit->item);
	}
	arguments_put(line, entry, done, end);
	if (!found && edit->kind == EDIT_SET)
		option_put(line, edit->item, edit->value);
	arguments_put(line, entry, end, entry->argc);
}

static bool
rewrite_option(const struct master_edit *edit, const struct master_entry *entry, struct buf *out, struct buf *why)
{
	struct buf line = BUF_INIT;
	bool done;

	for (int i = 0; i < SERVICE_FIELDS - 1; i++)
		buf_printf(&line, "%s ", entry->fields[i]);
	buf_puts(&line, entry->command);
	options_put(edit, entry, &line);
	done = put_checked(buf_view(&line), out, why);
	buf_fini(&line);
	return done;
}

/* Written with blanks, the setting stands in braces; those inside must not end it. */
static bool
check_option(struct master_edit *edit)
{
	struct buf line = BUF_INIT;
	struct view rest, word;
	bool good;

	option_put(&line, edit->item, edit->value);
	rest = view_slice(buf_view(&line), strlen(" -o "), line.len);
	good = words_next(&rest, &word, NULL) && view_empty(view_trim(rest));
	if (!good)
		why_set(edit->why, "%s: braces must come in pairs", edit->argument);
	buf_fini(&line);
	return good;
}

bool
edit_options(const char *directory, enum edit_kind kind, char *const *arguments, struct buf *why)
{
	static const struct master_edit_kind what = {
		.with_item = true, .wanted = "-Pe or -PX: service_name/type/parameter", .check = check_option,
		.rewrite = rewrite_option,
	};

	return edit_master_cf(directory, &what, kind, arguments, why);
}
