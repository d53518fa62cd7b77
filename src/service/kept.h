/*
 * kept: one connection of a frame service, from greeting to end, and the rules of leaving it (channel.h, doc/ipc.md).
 */
#ifndef SERVICE_KEPT_H
#define SERVICE_KEPT_H

#include "service/context.h"

/* Greets, serves request after request, and returns when the client is gone. */
void	kept_serve(struct service_context *ctx, int fd);

/*
 * The pieces that many-client services need: one whole request, from its first frame to READY or RETIRE. False: the
 * connection is to be closed.
 */
bool	kept_serve_request(struct service_context *ctx, struct channel *channel, const struct frame *request,
	    bool *retired);
/*
 * Services of frames that take triggers too: a client that speaks before it is greeted, or says less than a frame, sends
 * one. False: not a trigger. The first takes over fd when it is one.
 */
bool	kept_trigger_first(struct service_context *ctx, int fd);
bool	kept_trigger_rest(struct service_context *ctx, const struct channel *channel);
/* False: the client left without waiting for it; if it left a trigger behind, that was taken. */
bool	kept_greet(struct service_context *ctx, struct channel *channel, msec_t deadline);
void	kept_complain(const struct service_context *ctx, const struct channel *channel);

#endif
