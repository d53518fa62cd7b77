/*
 * landlock: confines this process, for good, to the named parts of the file tree (Linux 5.13 and later, by system call).
 *
 * What is granted for a path holds for all below it; descriptors that are open stay what they are; looking at names
 * (stat) and connecting to sockets is not restricted. Needs no privilege, survives exec, and cannot be undone.
 */
#ifndef UTIL_PROCESS_LANDLOCK_H
#define UTIL_PROCESS_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "util/text/buf.h"

enum {
	PATH_READ	= 1 << 0,	/* files and directory lists */
	PATH_WRITE	= 1 << 1,	/* files that exist, truncating them included */
	PATH_REMOVE	= 1 << 2,
	PATH_CREATE	= 1 << 3,	/* files and directories; with REMOVE on the old side: links and renames */
};

struct path_grant {
	const char *path;		/* one that does not exist grants nothing */
	unsigned rights;
};

/* Version of the kernel's interface; 0: it has none, or it is switched off. */
int	landlock_version(void);
/*
 * Whether links and renames across directories can be granted (interface 2); else whoever needs them must do without
 * Landlock.
 */
bool	landlock_can_rename(void);
/* no_new_privs must be set. False: nothing has changed. */
bool	landlock_enter(const struct path_grant *grants, size_t count, struct buf *why);

#endif
