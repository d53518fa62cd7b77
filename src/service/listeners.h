/*
 * listeners: waiting for clients together with other processes of the same service. Of those that wait, the kernel wakes
 * one (EPOLLEXCLUSIVE), so no lock is needed around accept. Who was woken must try to accept, even when it would rather
 * leave: nobody else was told.
 */
#ifndef SERVICE_LISTENERS_H
#define SERVICE_LISTENERS_H

#include <sys/epoll.h>

#include "service/context.h"

int	listeners_wait_set(const struct service_context *ctx);		/* an epoll descriptor with listeners and status pipe */
bool	listeners_has(const struct service_context *ctx, int fd);
/*
 * The next client, or -1: another process was faster, or the client is gone. Without descriptors it pauses for a second.
 * from: a listener, or -1: try all.
 */
int	listeners_accept(struct service_context *ctx, int from, int flags);
/* The pieces, for event-driven services, which may not pause. */
int	listeners_accept_once(int from, int flags);
bool	listeners_short_of_descriptors(int error);
bool	listeners_somebody_waits(const struct service_context *ctx);	/* looks, without accepting */

#endif
