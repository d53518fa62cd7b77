/*
 * edit: changes main.cf or master.cf. The file is replaced whole, in one step; what is not named stays as it is. Several
 * who edit a file wait for each other. A bad argument, or a full disk, leaves the file as it was.
 */
#ifndef POSTCONF_EDIT_H
#define POSTCONF_EDIT_H

#include "util/base/arena.h"
#include "util/text/buf.h"

enum edit_kind { EDIT_SET, EDIT_REMOVE, EDIT_COMMENT };

bool	edit_main_cf(const char *directory, enum edit_kind kind, char *const *arguments, struct buf *why);
/* "name/type=line", "name/type/field=value", "name/type/parameter=value"; without "=…" for the other two kinds. */
bool	edit_services(const char *directory, enum edit_kind kind, char *const *arguments, struct buf *why);
bool	edit_fields(const char *directory, char *const *arguments, struct buf *why);
bool	edit_options(const char *directory, enum edit_kind kind, char *const *arguments, struct buf *why);

/* For the files of this folder: one file read, edited by `change`, and put back. */
typedef bool	edit_change(struct view text, struct buf *out, void *arg, struct buf *why);
bool	edit_file(const char *directory, const char *name, edit_change *change, void *arg, struct buf *why);
/* A copy on one line: a line end in an argument would begin a new setting or service. */
const char	*edit_one_line(struct arena *arena, struct view text);

#endif
