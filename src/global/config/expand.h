/*
 * expand: `$name` and its relatives in a text. Pure: names are looked up by a function of the caller.
 *
 *	$name ${name} $(name)		the value
 *	${name?text} ${name?{text}}	text when the value, as written, is not empty
 *	${name:text} ${name:{text}}	text when it is empty
 *	${name?{text}:{text}}
 *	${{a} == {b} ? {text} : {text}}	also != < <= >= >; numbers by size, other text bytewise; with "level" behind the
 *					operator compatibility levels ("3.10" is more than "3.6")
 *	${function{text}}		domain_to_ascii
 *	$$				a dollar sign
 */
#ifndef GLOBAL_CONFIG_EXPAND_H
#define GLOBAL_CONFIG_EXPAND_H

#include "util/text/buf.h"

enum { EXPAND_DEPTH_MAX = 100, EXPAND_SIZE_MAX = 1 << 20 };

struct expand_names {
	/* Appends the value, expanded; an unknown name appends nothing. false: could not. */
	bool (*value)(void *arg, struct view name, struct buf *out, struct buf *why);
	bool (*has_text)(void *arg, struct view name);	/* is it set to anything, before expansion? */
	void *arg;
};

/* Appends. The reason does not name the place: the caller knows whose text this is. */
bool	expand_text(const struct expand_names *names, struct view text, struct buf *out, struct buf *why);

/* Calls each() for every name that the text refers to, in whatever branch. Faulty text ends it. */
void	expand_each_name(struct view text, void (*each)(struct view name, void *arg), void *arg);

/* "2", "3.6", "3.10.1": <0, 0, >0; false when one is no level. */
bool	compatibility_level_compare(struct view a, struct view b, int *order);

#endif
