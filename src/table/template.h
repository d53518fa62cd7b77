/*
 * template: the result of a pattern rule: text with $1, ${1}, $(1) for what groups matched and $$ for '$'.
 */
#ifndef TABLE_TEMPLATE_H
#define TABLE_TEMPLATE_H

#include "util/base/arena.h"
#include "util/text/buf.h"

struct template_part {
	struct view text;		/* literal, when group is 0 */
	size_t group;
};

struct template {
	struct template_part *parts;	/* in the arena */
	size_t count;
	size_t group_max;		/* the highest group named; 0: nothing is substituted */
};

/* The text must live as long as the template. */
bool	template_parse(struct view text, struct arena *arena, struct template *out, struct buf *why);
void	template_put(struct buf *out, const struct template *template, const struct view *groups);

#endif
