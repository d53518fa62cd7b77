/*
 * async: the client side of a channel inside an event loop (qmgr, postscreen). Requests are whole buffers of frames;
 * frames that come are handed to a callback; nothing blocks. See channel.h for the life of a connection.
 */
#ifndef UTIL_IPC_ASYNC_H
#define UTIL_IPC_ASYNC_H

#include "util/event/loop.h"
#include "util/ipc/channel.h"

enum async_event {
	ASYNC_READY,		/* connected, hello was right, and the server holds out READY */
	ASYNC_FRAME,		/* a frame of an answer; frame is set */
	ASYNC_RETIRED,		/* no further request may be sent; closing is up to us */
	ASYNC_CLOSED,		/* end of file, error, timeout or malformed: why tells; the channel is to be closed */
};

struct async;

typedef void	async_handler(struct async *async, enum async_event event, const struct frame *frame, const char *why, void *arg);

/*
 * NULL with a reason and errno when the connection is refused at once; a backlog that is full is no refusal, and tried
 * again. timeout_ms bounds connecting and each exchange.
 */
struct async	*async_connect(struct loop *loop, const char *path, const struct ipc_protocol *protocol, msec_t timeout_ms,
		    async_handler *handler, void *arg, struct buf *why);
void		 async_close(struct async *async);		/* from within its handler too */
bool		 async_ready(const struct async *async);	/* READY is held */
void		 async_send(struct async *async, struct view frames);	/* a request; gives READY back */
void		 async_set_arg(struct async *async, async_handler *handler, void *arg);

#endif
