/*
 * nul: indexed files come with a NUL behind each key and value, or without. A reader tries both and stays with
 * what matched first; a writer adds one unless told otherwise.
 */
#ifndef TABLE_NUL_H
#define TABLE_NUL_H

#include "table/table.h"

struct nul_style {
	bool with, without;	/* forms of a key that may be in the file */
};

static inline struct nul_style
nul_style_of(unsigned flags)
{
	bool decided = (flags & (TABLE_ADD_NUL | TABLE_NO_NUL)) != 0;

	return (struct nul_style){
		.with = !decided || (flags & TABLE_ADD_NUL) != 0,
		.without = !decided || (flags & TABLE_NO_NUL) != 0,
	};
}

/* The bytes to store or to ask for. */
static inline struct view
nul_put(struct buf *out, struct view text, bool with)
{
	buf_set(out, text);
	if (with)
		buf_putc(out, '\0');
	return buf_view(out);
}

/* What was read, without the NUL at its end. */
static inline struct view
nul_cut(struct view stored)
{
	return stored.len > 0 && stored.data[stored.len - 1] == '\0' ? view_slice(stored, 0, stored.len - 1) : stored;
}

#endif
