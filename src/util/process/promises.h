/*
 * promises: which system calls each promise allows, as tables. Internal to the sandbox.
 *
 * Calls are named; libseccomp knows their numbers on this architecture, and a name that it has no number for is left
 * out.
 */
#ifndef UTIL_PROCESS_PROMISES_H
#define UTIL_PROCESS_PROMISES_H

#include <stdint.h>

#include "util/text/view.h"

struct promise {
	const char *word;
	const char *implies;		/* further words, or NULL */
	const char *calls;		/* allowed whatever their arguments are */
};

/* A call that is allowed when its arguments are as said; the mask tells which bits count. */
struct argument {
	unsigned index;
	uint64_t mask, value;
};

struct argument_rule {
	const char *word, *call;
	struct argument arguments[2];
	unsigned count;
};

#define ARGUMENT_OWN_PID	(~(uint64_t)0)	/* as a value: the id of this process */

extern const struct promise promises[];			/* ends with a NULL word */
extern const struct argument_rule argument_rules[];	/* ends with a NULL word */
extern const char never_made[];				/* calls that kill */

const struct promise	*promise_find(struct view word);	/* NULL: no such promise */
bool			 promise_knows_call(const char *call);	/* has any promise a use for it? */

#endif
