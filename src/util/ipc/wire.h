/*
 * wire: the two buffers and the descriptors of one connection that carries frames. What channel.c and async.c share;
 * nobody else uses it. Nothing here waits: receiving and sending try once, whatever the mode of the descriptor is.
 *
 * Descriptors travel with the first byte of their frame, and the frame declares how many are its own in the upper bits
 * of its flags. Those that no frame declares are closed. Buffers stay allocated between requests.
 */
#ifndef UTIL_IPC_WIRE_H
#define UTIL_IPC_WIRE_H

#include "util/ipc/channel.h"

enum { WIRE_FDS_MAX = 32, WIRE_FD_SHIFT = 3, WIRE_FLAGS_MASK = (1 << WIRE_FD_SHIFT) - 1 };

enum wire_result {
	WIRE_OK,
	WIRE_AGAIN,		/* would have to wait */
	WIRE_EOF,
	WIRE_ERROR,		/* errno tells */
};

struct wire_fd {
	int fd;
	size_t at;		/* outgoing: where its frame begins */
};

struct wire {
	int fd;
	struct buf in, out;
	size_t taken, sent;	/* of in and out */
	struct wire_fd outgoing[WIRE_FDS_MAX];
	size_t outgoing_count;
	int incoming[WIRE_FDS_MAX];	/* the first `declared` ones belong to the frame read last */
	size_t incoming_count, declared;
};

void		wire_init(struct wire *wire, int fd);		/* owns fd */
void		wire_fini(struct wire *wire);
enum wire_result wire_receive(struct wire *wire);		/* takes what is there now */
bool		wire_full(const struct wire *wire);		/* a whole largest frame waits: take it before more comes */
enum wire_result wire_send(struct wire *wire);			/* OK: all is sent */
bool		wire_unsent(const struct wire *wire);
void		wire_drop_unsent(struct wire *wire);
void		wire_put_fd(struct wire *wire, int fd);
int		wire_take_fd(struct wire *wire);
/* As frame_parse(); the frame's views live until the next wire_receive(). */
int		wire_frame(struct wire *wire, struct frame *out);
struct cursor	wire_pending(const struct wire *wire);		/* what was received and not taken */

/* HELLO, whose form is fixed for ever. */
void		wire_put_hello(struct wire *wire, const struct ipc_protocol *protocol);
bool		wire_check_hello(const struct frame *frame, const struct ipc_protocol *protocol, struct buf *why);

#endif
