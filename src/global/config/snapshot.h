/*
 * snapshot: main.cf as master read it, handed to its children in a sealed memory file, so that a start costs neither
 * reading nor parsing. Names and raw text only: what depends on the service or the host is worked out in the child.
 *
 * A child uses it only when stat() of main.cf shows the very file that was read and the registry is its own; else it
 * reads the file. Commands never use one.
 */
#ifndef GLOBAL_CONFIG_SNAPSHOT_H
#define GLOBAL_CONFIG_SNAPSHOT_H

#include "global/config/config.h"

#define SNAPSHOT_ENV		"POSTHASTE_SNAPSHOT"	/* "<version>:<fd>" */
enum { SNAPSHOT_VERSION = 1 };

/* The descriptor (close-on-exec) of a sealed snapshot; -1: none could be made, children read the file. */
int		 snapshot_make(const struct config *config, struct buf *why);
/*
 * What SNAPSHOT_ENV names, if it is good for this directory; NULL otherwise. Closes the descriptor and removes the
 * variable in both cases: nobody uses it twice.
 */
struct config	*snapshot_load(const char *directory);
/* The format alone, for tests: content to settings; false leaves the config half filled. */
bool		 snapshot_decode(struct view content, struct config *config);
void		 snapshot_encode(const struct config *config, struct buf *out);

#endif
