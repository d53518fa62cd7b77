/*
 * sandbox: promises in the manner of pledge, kept by seccomp and Landlock. What a process promised not to do it cannot
 * do any more, whoever gets hold of it. For good, and for all that it executes: only for processes that exec nothing.
 *
 *	stdio		memory, time, polling, what is open; accepting clients; the log (always promised)
 *	queue-read	reading files			queue-write	… and changing and removing them
 *	queue-create	… and making and renaming them	file-read, file-write	the same for other files
 *	unix-connect	connecting to local services	net-connect	… and to other hosts
 *	nss		looking up users and groups	dns		… and hosts
 *	setid		acting as other users (needs root), giving files to them
 *
 * Which files is said by grants, each with the promise that it belongs to: see landlock.h.
 *
 * A call that no mail daemon ever makes (ptrace, mount, bpf, exec …) kills with SIGSYS. Any other that was not promised
 * is not done: it answers EPERM if some promise has it, and ENOSYS otherwise, as on an older kernel, for libraries have
 * a way around that. The first such call is logged. With SANDBOX_STRICT it is logged and kills with SIGSYS.
 */
#ifndef UTIL_PROCESS_SANDBOX_H
#define UTIL_PROCESS_SANDBOX_H

#include <stdbool.h>

#include "util/process/landlock.h"

enum sandbox_mode { SANDBOX_OFF, SANDBOX_ON, SANDBOX_STRICT };

struct sandbox {
	enum sandbox_mode mode;
	const char *promises;			/* words, blanks between them */
	const struct path_grant *grants;
	size_t grant_count;
};

bool		sandbox_mode_of(const char *name, enum sandbox_mode *out);	/* "no", "yes", "strict" */
/*
 * Confines this process. False when the kernel or this build cannot: then less is confined than was asked for. A kernel
 * without Landlock is no failure, except in strict mode.
 */
bool		sandbox_enter(const struct sandbox *sandbox, struct buf *why);
unsigned	sandbox_refused(void);		/* calls so far that were not done */
bool		sandbox_is_promised(const char *promises, const char *word);

#endif
