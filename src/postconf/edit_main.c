#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "global/config/main_cf.h"
#include "postconf/cf_edit.h"
#include "postconf/edit.h"
#include "util/base/arena.h"
#include "util/file/file.h"
#include "util/text/chars.h"

enum { WAIT_FOR_OTHERS_MS = 60 * 1000 };

/* The lock is taken before the file is read, so that what others did meanwhile is not undone. */
static bool
edit_locked(const char *path, edit_change *change, void *arg, struct buf *why)
{
	int fd = file_edit_begin(path, clock_now() + WAIT_FOR_OTHERS_MS, why);
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct file_identity id;
	bool done = false;

	if (fd == -1)
		return false;
	if (main_cf_read(path, &text, &id, why) && change(buf_view(&text), &out, arg, why))
		done = file_edit_end(fd, path, buf_view(&out), 0644, why);
	else
		file_edit_cancel(fd, path);
	buf_fini(&out);
	buf_fini(&text);
	return done;
}

bool
edit_file(const char *directory, const char *name, edit_change *change, void *arg, struct buf *why)
{
	struct buf path = BUF_INIT;
	char *real;
	bool done = false;

	buf_printf(&path, "%s/%s", directory, name);
	real = realpath(buf_c(&path), NULL);	/* a link stays; what it points to is replaced */
	if (real == NULL)
		why_set(why, "open %s: %s", buf_c(&path), strerror(errno));
	else
		done = edit_locked(real, change, arg, why);
	free(real);
	buf_fini(&path);
	return done;
}

const char *
edit_one_line(struct arena *arena, struct view text)
{
	char *copy = arena_string(arena, text);

	for (size_t i = 0; i < text.len; i++)
		if (char_is(copy[i], CHAR_CONTROL))
			copy[i] = ' ';
	return copy;
}

/* -- main.cf --------------------------------------------------------------------------------------------------------- */

struct main_edit {
	struct view name, value;
	bool done;		/* stands in the new file: further lines for the name go */
};

struct main_edits {
	enum edit_kind kind;
	struct arena arena;
	struct main_edit *list;
	size_t count;
};

static struct main_edit *
edit_of(struct main_edits *edits, struct view name)
{
	for (size_t i = 0; i < edits->count; i++)
		if (view_equal(edits->list[i].name, name))
			return &edits->list[i];
	return NULL;
}

static bool
read_argument(struct main_edits *edits, const char *argument, struct buf *why)
{
	struct view name = view_trim(view_string(argument)), value = VIEW_EMPTY;
	struct main_edit *edit;

	if (view_starts(name, VIEW("#"))) {
		why_set(why, "-e, -X or -# accepts no comment: \"%s\"", argument);
		return false;
	}
	if (edits->kind == EDIT_SET && !main_cf_split(view_string(argument), &name, &value, why))
		return false;
	if (edits->kind != EDIT_SET && view_find_any(name, "= \t\n") >= 0) {
		why_set(why, "-X or -# wants names only, not \"%s\"", argument);
		return false;
	}
	edit = edit_of(edits, name);
	if (edit == NULL)
		edit = &edits->list[edits->count++];
	*edit = (struct main_edit){ name, view_string(edit_one_line(&edits->arena, value)), false };
	return true;
}

static bool
read_arguments(struct main_edits *edits, char *const *arguments, struct buf *why)
{
	size_t count = 0;

	while (arguments[count] != NULL)
		count++;
	edits->list = arena_alloc_array(&edits->arena, count, sizeof(edits->list[0]));
	for (size_t i = 0; i < count; i++)
		if (!read_argument(edits, arguments[i], why))
			return false;
	return true;
}

static void
put_setting(struct buf *out, const struct main_edit *edit)
{
	buf_printf(out, "%.*s =", VIEW_ARG(edit->name));
	if (!view_empty(edit->value))
		buf_printf(out, " %.*s", VIEW_ARG(edit->value));
}

static enum cf_action
decide(struct view line, struct buf *replacement, void *arg)
{
	struct main_edits *edits = arg;
	struct main_edit *edit;
	struct view name, value;

	if (!main_cf_split(line, &name, &value, NULL) || (edit = edit_of(edits, name)) == NULL)
		return CF_KEEP;
	if (edits->kind == EDIT_COMMENT)
		return CF_COMMENT;
	if (edits->kind == EDIT_REMOVE || edit->done)
		return CF_REMOVE;
	edit->done = true;
	put_setting(replacement, edit);
	return CF_REPLACE;
}

static bool
change_main_cf(struct view text, struct buf *out, void *arg, struct buf *why)
{
	struct main_edits *edits = arg;
	struct buf line = BUF_INIT;

	cf_edit(text, decide, edits, out);
	for (size_t i = 0; edits->kind == EDIT_SET && i < edits->count; i++) {
		if (edits->list[i].done)
			continue;
		buf_reset(&line);
		put_setting(&line, &edits->list[i]);
		cf_append(out, buf_view(&line));
	}
	buf_fini(&line);
	return true;
}

bool
edit_main_cf(const char *directory, enum edit_kind kind, char *const *arguments, struct buf *why)
{
	struct main_edits edits = { .kind = kind };
	bool done;

	arena_init(&edits.arena);
	done = read_arguments(&edits, arguments, why) && edit_file(directory, "main.cf", change_main_cf, &edits, why);
	arena_fini(&edits.arena);
	return done;
}
