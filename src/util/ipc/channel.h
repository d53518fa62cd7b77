/*
 * channel: a connection between two of our processes that carries frames.
 *
 * The server speaks first: HELLO (protocol name and number, fixed in form for ever), then READY. A client sends a request
 * only while it holds READY; the last frame of each exchange is followed by READY or RETIRE. A server never closes first
 * while READY is out. STOP tells a writer of a run that the reader gave up: what follows is thrown away up to the end
 * of the run, and the final report says why.
 *
 * This is the blocking kind for sequential programs; every call has a deadline. The event-driven kind is async.h.
 * A malformed frame, or an unequal hello, breaks the channel: it can only be closed then.
 */
#ifndef UTIL_IPC_CHANNEL_H
#define UTIL_IPC_CHANNEL_H

#include "util/base/clock.h"
#include "util/ipc/frame.h"

enum {
	CHANNEL_HELLO = 1,
	CHANNEL_READY = 2,
	CHANNEL_RETIRE = 3,
	CHANNEL_STOP = 4,
};

struct ipc_protocol {
	const char *name;		/* "cleanup" */
	unsigned version;
};

enum channel_result {
	CHANNEL_OK,
	CHANNEL_EOF,			/* the peer closed between frames */
	CHANNEL_TIMEOUT,
	CHANNEL_BROKEN,			/* error, end inside a frame, malformed, or wrong protocol; channel_why() tells */
};

struct channel;

/* -- both sides -- */

struct channel	*channel_new(int fd, const struct ipc_protocol *protocol);	/* owns fd */
void		 channel_free(struct channel *channel);				/* closes */
int		 channel_fd(const struct channel *channel);
const char	*channel_why(const struct channel *channel);			/* the last failure, in words */

/* Frames gather here: frame_put(channel_out(ch), …), then channel_flush(). */
struct buf	*channel_out(struct channel *channel);
enum channel_result channel_flush(struct channel *channel, msec_t deadline);
/* Passes a descriptor with the bytes that follow; it is closed here once sent. */
void		 channel_put_fd(struct channel *channel, int fd);
/*
 * The next frame; its views live until the next read or flush. STOP is taken silently (channel_stopped()); so are READY and
 * RETIRE by a client.
 */
enum channel_result channel_read(struct channel *channel, struct frame *out, msec_t deadline);
int		 channel_take_fd(struct channel *channel);	/* the oldest descriptor that came, or -1; undeclared ones are closed */
bool		 channel_gone(const struct channel *channel);	/* did the peer close, and waits for no answer? (looks without waiting) */
bool		 channel_stopped(struct channel *channel);	/* did the peer say STOP? (looks without waiting) */
bool		 channel_pending(const struct channel *channel);	/* a whole frame is already here */
struct view	 channel_remains(const struct channel *channel);	/* bytes that came and were not read; for servers of triggers */

/* -- client -- */

/*
 * Connects, and reads hello and READY. Whoever is just leaving is passed over for the next one. NULL with a reason; a
 * wrong protocol says what to do (reload or restart).
 */
struct channel	*channel_connect(const char *path, const struct ipc_protocol *protocol, msec_t deadline, struct buf *why);
/* May a request be sent now? Looks, without waiting, for RETIRE or end of file. */
bool		 channel_ready(struct channel *channel);
/* After the final frame of a request: takes the READY or RETIRE behind it. False: do not use this channel again. */
bool		 channel_finish(struct channel *channel, msec_t deadline);

/* -- server (called by the service frame) -- */

void		 channel_greet(struct channel *channel);			/* HELLO and READY into the out buffer */
void		 channel_put_ready(struct channel *channel);
void		 channel_put_retire(struct channel *channel);
void		 channel_put_stop(struct channel *channel);			/* and flushes as far as it goes */

#endif
