#include "global/config/main_cf.h"
#include "postconf/cf_edit.h"
#include "postconf/edit.h"
#include "postconf/services.h"
#include "util/base/arena.h"

/*
 * One argument, "name/type[/item][=value]". Each is one pass over the file, so that a later one sees what an earlier one
 * did.
 */
struct master_edit {
	enum edit_kind kind;
	struct view name, type, item, value;
	/* Appends the new form of an entry that was named. */
	bool (*rewrite)(const struct master_edit *edit, const struct master_entry *entry, struct buf *out, struct buf *why);
	bool found, failed;
	struct buf *why;
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
	if (edit->rewrite != NULL) {
		edit->failed |= !edit->rewrite(edit, entry, replacement, edit->why);
		return CF_REPLACE;
	}
	if (edit->kind == EDIT_COMMENT)
		return CF_COMMENT;
	if (edit->kind == EDIT_REMOVE || again)
		return CF_REMOVE;
	buf_putv(replacement, edit->value);
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

static bool
change_master_cf(struct view text, struct buf *out, void *arg, struct buf *why)
{
	struct master_edit *edit = arg;

	cf_edit(text, decide, edit, out);
	if (edit->found)
		return !edit->failed;
	if (edit->rewrite == NULL && edit->kind == EDIT_SET) {
		cf_append(out, edit->value);
		return true;
	}
	if (edit->kind == EDIT_SET)
		why_set(why, "master.cf has no service %.*s/%.*s", VIEW_ARG(edit->name), VIEW_ARG(edit->type));
	return edit->kind != EDIT_SET;
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
read_argument(const char *argument, bool with_item, const char *wanted, struct master_edit *edit)
{
	struct view rest = view_string(argument), value = VIEW_EMPTY;
	bool good;

	if (edit->kind == EDIT_SET && !main_cf_split(view_string(argument), &rest, &value, edit->why))
		return false;
	rest = view_trim(rest);
	edit->value = value;
	good = take_part(&rest, &edit->name) && take_part(&rest, &edit->type) && (!with_item || take_part(&rest, &edit->item));
	if (good && view_empty(rest))
		return true;
	why_set(edit->why, "%s is wanted, not \"%s\"", wanted, argument);
	return false;
}

/* -- whole entries --------------------------------------------------------------------------------------------------- */

/* The new line must be one good entry, and the one that was named. */
static bool
check_line(struct master_edit *edit, struct buf *line)
{
	struct master_cf *cf = master_cf_parse(edit->value, "new entry", edit->why);
	struct master_entry *entry = only_entry(cf);
	bool good = entry != NULL && is_named(edit, entry);

	if (good) {
		service_put(line, entry, true);
		edit->value = buf_view(line);
	} else if (cf != NULL) {
		why_set(edit->why, "\"%.*s\" is no entry for %.*s/%.*s", VIEW_ARG(edit->value), VIEW_ARG(edit->name),
		    VIEW_ARG(edit->type));
	}
	master_cf_free(cf);
	return good;
}

bool
edit_services(const char *directory, enum edit_kind kind, char *const *arguments, struct buf *why)
{
	struct buf line = BUF_INIT;
	bool done = true;

	for (; done && *arguments != NULL; arguments++) {
		struct master_edit edit = { .kind = kind, .why = why };

		buf_reset(&line);
		done = read_argument(*arguments, false, "-Me, -MX or -M#: service_name/type", &edit) &&
		    (kind != EDIT_SET || check_line(&edit, &line)) &&
		    edit_file(directory, "master.cf", change_master_cf, &edit, why);
	}
	buf_fini(&line);
	return done;
}

/* -- one field ------------------------------------------------------------------------------------------------------- */

static int
field_index(struct view name)
{
	for (int i = 0; i < SERVICE_FIELDS; i++)
		if (view_is(name, service_field_names[i]))
			return i;
	return -1;
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
	int wanted = field_index(edit->item);
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
	for (; *arguments != NULL; arguments++) {
		struct master_edit edit = { .kind = EDIT_SET, .rewrite = rewrite_field, .why = why };

		if (!read_argument(*arguments, true, "-Fe: service_name/type/field=value", &edit))
			return false;
		if (field_index(edit.item) == -1 || view_empty(edit.value)) {
			why_set(why, "no such field, or no value: \"%s\"", *arguments);
			return false;
		}
		if (!edit_file(directory, "master.cf", change_master_cf, &edit, why))
			return false;
	}
	return true;
}

/* -- one option ------------------------------------------------------------------------------------------------------ */

static void
option_put(struct buf *line, struct view name, struct view value)
{
	struct buf word = BUF_INIT;

	buf_printf(&word, "%.*s=%.*s", VIEW_ARG(name), VIEW_ARG(value));
	buf_puts(line, " -o ");
	service_word_put(line, buf_view(&word));
	buf_fini(&word);
}

/* All arguments but the old settings of the name; the new one first, where it is seen. */
static void
options_put(const struct master_edit *edit, const struct master_entry *entry, struct buf *line)
{
	struct view name, value;

	if (edit->kind == EDIT_SET)
		option_put(line, edit->item, edit->value);
	for (int i = 1; i < entry->argc; i++) {
		if (i + 1 < entry->argc && service_option(entry, i + 1, &name, &value)) {
			if (!view_equal(name, edit->item))
				option_put(line, name, value);
			i++;
		} else {
			buf_putc(line, ' ');
			service_word_put(line, view_string(entry->argv[i]));
		}
	}
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

bool
edit_options(const char *directory, enum edit_kind kind, char *const *arguments, struct buf *why)
{
	for (; *arguments != NULL; arguments++) {
		struct master_edit edit = { .kind = kind, .rewrite = rewrite_option, .why = why };

		if (!read_argument(*arguments, true, "-Pe or -PX: service_name/type/parameter", &edit) ||
		    !edit_file(directory, "master.cf", change_master_cf, &edit, why))
			return false;
	}
	return true;
}
