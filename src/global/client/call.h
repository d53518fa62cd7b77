/*
 * call: one question to a service of ours and its answer, over a connection that is kept for the next one. For lookups:
 * a question whose connection was lost is asked once more, on a fresh one. How long a connection is kept at rest, and how
 * long in all, is said once for the whole process; servers can go, and be replaced, only when their clients let them.
 */
#ifndef GLOBAL_CLIENT_CALL_H
#define GLOBAL_CLIENT_CALL_H

#include "util/ipc/channel.h"

struct caller;

/*
 * Where a service listens: "private/NAME", behind the queue directory's name unless we are in it. Daemons are, and it may
 * become their root; commands are anywhere.
 */
void		 caller_path(const char *queue_directory, const char *name, struct buf *out);
struct caller	*caller_new(const char *path, const struct ipc_protocol *protocol, msec_t timeout_ms);
void		 caller_free(struct caller *caller);
void		 caller_release(struct caller *caller);		/* closes a kept connection */
/* While held a connection is kept whatever ipc_idle and ipc_ttl say: the server knows us by it. */
void		 caller_hold(struct caller *caller, bool held);
/* The number of the kept connection, on which the server did not ask us to leave; 0: none. */
unsigned	 caller_connection(struct caller *caller);
/* question: whole frames. The answer's views live until the next call. False with a reason: no answer. */
bool		 caller_ask(struct caller *caller, struct view question, struct frame *answer, struct buf *why);
/* ipc_idle and ipc_ttl; 0: for ever. */
void		 callers_set_limits(msec_t idle_ms, msec_t ttl_ms);
/* Closes the connections whose time is over, and says when that of the next one is; CLOCK_NEVER: there is none. */
msec_t		 callers_expire(void);
/*
 * The same with a descriptor that goes along (*fd; given away in any case, and then the question is asked once only), or
 * -1; replaced by the one that comes back, or -1.
 */
bool		 caller_ask_passing(struct caller *caller, struct view question, int *fd, struct frame *answer, struct buf *why);

#endif
