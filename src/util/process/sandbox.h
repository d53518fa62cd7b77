/*
 * sandbox: promises in the manner of pledge, kept by seccomp and Landlock.
 *
 * Promise words: stdio (always), queue-read, queue-write, queue-create, unix-connect, net-connect, net-accept, dns,
 * setid (virtual), file-read, file-write. A call that no mail daemon makes kills; another that was not promised returns
 * EPERM and is logged once, or kills when mode is SANDBOX_STRICT.
 */
#ifndef UTIL_PROCESS_SANDBOX_H
#define UTIL_PROCESS_SANDBOX_H

#include <stdbool.h>

#include "util/text/buf.h"

enum sandbox_mode { SANDBOX_OFF, SANDBOX_ON, SANDBOX_STRICT };

bool	sandbox_enter(const char *promises, enum sandbox_mode mode, struct buf *why);

#endif
