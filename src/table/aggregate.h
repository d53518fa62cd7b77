/*
 * aggregate: tables made of tables, `{type:name, type:name}`. What an aggregate is follows from its members: it is as
 * stable, as local and as trusted as the worst of them.
 */
#ifndef TABLE_AGGREGATE_H
#define TABLE_AGGREGATE_H

#include "table/type.h"

struct aggregate {
	struct table **members;
	size_t count;
	const struct table *asked;		/* the last one that was asked */
};

/* A lookup in one member. */
enum lookup aggregate_ask(struct aggregate *a, size_t member, struct view key, struct buf *value, struct buf *why);

/* NULL with a reason when the list is wrong or empty, or a member cannot be opened. */
struct aggregate *aggregate_open(const char *type, const struct table_env *env, const char *name, unsigned flags,
	    struct table_traits *traits, struct buf *why);
void	aggregate_close(void *state);
bool	aggregate_changed(void *state);
bool	aggregate_refused(void *state);		/* by the member that was asked last */

#endif
