/*
 * loop: the event loop of processes that serve many at once. One per process, never entered again from a callback.
 * Handlers and timers are embedded in what they serve; stopping one that is not running does nothing. A timer set from
 * a timer's callback runs in the next turn at the earliest. Signals arrive as ordinary callbacks.
 */
#ifndef UTIL_EVENT_LOOP_H
#define UTIL_EVENT_LOOP_H

#include <stdbool.h>

#include "util/base/clock.h"

struct event;
struct loop;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop_io {
	struct event *event;
	int fd;
	void (*ready)(int fd, int what, void *arg);
	void *arg;
};

struct loop_timer {
	struct event *event;
	void (*expired)(void *arg);
	void *arg;
};

struct loop	*loop_new(void);
void		 loop_free(struct loop *loop);				/* after all handlers and timers were stopped */
void		 loop_run(struct loop *loop);				/* until loop_stop() */
bool		 loop_turn(struct loop *loop, msec_t wait_ms);		/* one turn; -1: wait for ever; false: stopped */
void		 loop_stop(struct loop *loop);				/* after this turn */

/* Calls ready() as long as fd is ready (level-triggered). Starting again changes what to wait for. */
void		 loop_io_start(struct loop *loop, struct loop_io *io, int fd, int what,
		    void (*ready)(int fd, int what, void *arg), void *arg);
/* As above for reading, for listeners shared by several processes: ready() may find that another was faster. */
void		 loop_io_start_shared(struct loop *loop, struct loop_io *io, int fd,
		    void (*ready)(int fd, int what, void *arg), void *arg);
void		 loop_io_stop(struct loop_io *io);

void		 loop_timer_start(struct loop *loop, struct loop_timer *timer, msec_t after_ms,
		    void (*expired)(void *arg), void *arg);		/* once; starting again moves it */
void		 loop_timer_stop(struct loop_timer *timer);
bool		 loop_timer_running(const struct loop_timer *timer);

void		 loop_signal(struct loop *loop, int signal, void (*caught)(int signal, void *arg), void *arg);
/* Calls done(arg) at the end of this turn: how an object frees itself from within its own callback. */
void		 loop_defer(struct loop *loop, void (*done)(void *arg), void *arg);

#endif
