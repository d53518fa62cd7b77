/*
 * visitor: who connects to a manager. Most write a few trigger bytes and go; cleanup keeps its connection and announces
 * messages by frames, after a first byte of 0. Anybody may connect to a public socket, so that there is a limit to how
 * many there may be, and to how long a visitor may stay that is none of ours.
 */
#ifndef SERVICE_VISITOR_H
#define SERVICE_VISITOR_H

#include "service/context.h"

struct visitors;

struct visitors	*visitors_new(struct service_context *ctx);
void		 visitors_free(struct visitors *visitors);
void		 visitors_add(struct visitors *visitors, int fd);	/* owns fd, which is non-blocking */

#endif
