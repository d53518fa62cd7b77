/*
 * process_id: getpid(2), without the system call; right in a forked child too.
 */
#ifndef UTIL_BASE_PROCESS_ID_H
#define UTIL_BASE_PROCESS_ID_H

#include <sys/types.h>

pid_t	process_id(void);

#endif
