/*
 * master_link: what a child tells master through the status pipe, and how it learns that master is gone or reloaded:
 * nobody holds the reading end any longer.
 */
#ifndef SERVICE_MASTER_LINK_H
#define SERVICE_MASTER_LINK_H

#include "service/context.h"

/* Are the descriptors that master gives really there? */
bool	master_link_check(const struct service_context *ctx, struct buf *why);
/* Tells about a change only; nothing when this is the only process there may be. */
void	master_link_busy(struct service_context *ctx, bool busy);
void	master_link_served(struct service_context *ctx);	/* once in a life */

#endif
