/*
 * filter: the system call filter that keeps promises (promises.h), made by libseccomp. Internal to the sandbox.
 */
#ifndef UTIL_PROCESS_FILTER_H
#define UTIL_PROCESS_FILTER_H

#include "util/process/sandbox.h"

/* Sets no_new_privs as well. */
bool		filter_enter(const char *promises, bool strict, struct buf *why);
unsigned	filter_refused(void);

#endif
