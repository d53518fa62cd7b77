#include "config.h"
#include "util/process/filter.h"

/* Stands in for filter.c in a build without libseccomp. */

#ifndef HAVE_SECCOMP

bool
filter_enter(const char *promises, bool strict, struct buf *why)
{
	why_set(why, "built without libseccomp");
	return false;
}

unsigned
filter_refused(void)
{
	return 0;
}

#endif
