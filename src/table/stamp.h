/*
 * stamp: which file a table was made from, to see that there is another one now.
 */
#ifndef TABLE_STAMP_H
#define TABLE_STAMP_H

#include <stdbool.h>
#include <sys/stat.h>

#include "table/type.h"

struct stamp {
	char *path;
	struct stat st;
};

void	stamp_take(struct stamp *stamp, const char *path, const struct stat *st);	/* st: of the descriptor that was read */
void	stamp_fini(struct stamp *stamp);
bool	stamp_changed(const struct stamp *stamp);	/* replaced, rewritten, or gone */
/* warning: database X is older than source file Y */
void	stamp_warn_if_older(const struct stamp *stamp, const char *source);
/* The owner of the content is the owner of the file. */
void	stamp_traits(const struct stat *st, struct table_traits *traits);

#endif
