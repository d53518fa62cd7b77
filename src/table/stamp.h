/*
 * stamp: which file a table was made from, to see that there is another one now. The path tells, where it can still be
 * seen; in a chroot it leads nowhere or elsewhere, and the file itself tells whether it was written to or replaced.
 */
#ifndef TABLE_STAMP_H
#define TABLE_STAMP_H

#include <stdbool.h>
#include <sys/stat.h>

#include "table/type.h"

struct stamp {
	char *path;
	struct stat st;
	int fd;			/* of the file, for nothing but its attributes; -1: it was replaced at once */
	dev_t root_dev;		/* the root directory, when it was opened */
	ino_t root_ino;
};

void	stamp_take(struct stamp *stamp, const char *path, const struct stat *st);	/* st: of the descriptor that was read */
void	stamp_fini(struct stamp *stamp);
bool	stamp_changed(const struct stamp *stamp);	/* replaced, rewritten, or gone */
/* warning: database X is older than source file Y */
void	stamp_warn_if_older(const struct stamp *stamp, const char *source);
/* The owner of the content is the owner of the file. */
void	stamp_traits(const struct stat *st, struct table_traits *traits);

#endif
