/*
 * stamp: tells our own programs from those of another mail system that lie in the same place. Every program carries an
 * ELF note with our name and version; the build links it into all of them.
 */
#ifndef UTIL_PROCESS_STAMP_H
#define UTIL_PROCESS_STAMP_H

#include <stdbool.h>

#include "util/text/buf.h"

enum stamp {
	STAMP_OURS,
	STAMP_OTHER_VERSION,	/* ours, of another release */
	STAMP_FOREIGN,		/* a program or script without our note */
	STAMP_NO_FILE,		/* or none that we may read */
};

enum stamp	stamp_of_file(const char *path);
/* The same for the content of a file; any bytes are good input. */
enum stamp	stamp_of_image(struct view image);
/* True unless one of the named programs that lie in the directory is foreign. The list ends with NULL. */
bool		stamp_directory_is_ours(const char *directory, const char *const *programs);

#endif
