/*
 * pool: who of the processes of a service is idle, on a page of memory that they share with master. Each process writes
 * its own place only; master gives places out and takes back those of the dead.
 *
 * Master has to know whether anybody is idle, not who: a process writes its place first and looks at the others then, so
 * that of two that become busy at once one at least sees that nobody is left, and tells master. When two become idle at
 * once nobody may tell; master looks here before it starts a process.
 */
#ifndef SERVICE_POOL_H
#define SERVICE_POOL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "service/shared_page.h"

enum pool_state { POOL_FREE, POOL_IDLE, POOL_BUSY };

enum { POOL_PLACES = SHARED_PAGE_SIZE / sizeof(_Atomic unsigned) - 1 };

/* The whole page; all zeros is an empty one. What stands in it is never trusted: it counts, and nothing else. */
struct pool {
	_Atomic unsigned top;			/* places from here on have never been used */
	_Atomic unsigned places[POOL_PLACES];	/* enum pool_state */
};

int	pool_join(struct pool *pool);		/* master: a place, IDLE; -1: none left */
void	pool_leave(struct pool *pool, int place);
bool	pool_anybody_idle(const struct pool *pool);
/* True: apart from this place nobody is idle. */
bool	pool_enter(struct pool *pool, int place, enum pool_state state);

#endif
