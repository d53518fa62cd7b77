#include "util/event/loop.h"

#include <event2/event.h>

#include "util/base/list.h"
#include "util/base/mem.h"
#include "util/log/log.h"

struct deferred {
	struct list link;
	void (*done)(void *arg);
	void *arg;
};

struct caught_signal {
	struct list link;
	struct event *event;
	void (*caught)(int signal, void *arg);
	void *arg;
};

struct loop {
	struct event_base *base;
	struct event *wait;		/* ends a turn that has a limit */
	struct list deferred, signals;
	bool stopped;
};

/* -- the loop ------------------------------------------------------------------------------------ */

static void
end_turn(evutil_socket_t fd, short what, void *arg)
{
}

static struct event_base *
new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (config == NULL)
		log_fatal("out of memory");
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_NOLOCK);
	if ((base = event_base_new_with_config(config)) == NULL)
		log_fatal("cannot make an event loop: %m");
	event_config_free(config);
	return base;
}

struct loop *
loop_new(void)
{
	struct loop *loop = mem_new(sizeof(*loop));

	loop->base = new_base();
	loop->wait = evtimer_new(loop->base, end_turn, NULL);
	list_init(&loop->deferred);
	list_init(&loop->signals);
	return loop;
}

/* Work deferred by what runs here is part of this turn too. */
static void
run_deferred(struct loop *loop)
{
	struct deferred *first;

	while ((first = LIST_FIRST(&loop->deferred, struct deferred, link)) != NULL) {
		list_remove(&first->link);
		first->done(first->arg);
		mem_free(first);
	}
}

void
loop_free(struct loop *loop)
{
	run_deferred(loop);
	LIST_FOREACH_SAFE(signal, after, &loop->signals, struct caught_signal, link) {
		event_free(signal->event);
		mem_free(signal);
	}
	event_free(loop->wait);
	event_base_free(loop->base);
	mem_free(loop);
}

static struct timeval
timeval_of(msec_t ms)
{
	return (struct timeval){ ms / 1000, ms % 1000 * 1000 };
}

bool
loop_turn(struct loop *loop, msec_t wait_ms)
{
	struct timeval limit = timeval_of(wait_ms);
	bool nothing_left;

	if (loop->stopped)
		return false;
	if (wait_ms > 0)
		evtimer_add(loop->wait, &limit);
	/* Without ONCE the other flag would go on as long as something is ready: deferred work might never come. */
	nothing_left = event_base_loop(loop->base, EVLOOP_ONCE | (wait_ms == 0 ? EVLOOP_NONBLOCK : 0)) == 1;
	evtimer_del(loop->wait);
	run_deferred(loop);
	return !loop->stopped && !nothing_left;
}

void
loop_run(struct loop *loop)
{
	run_deferred(loop);
	while (loop_turn(loop, -1))
		;
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void
loop_defer(struct loop *loop, void (*done)(void *arg), void *arg)
{
	struct deferred *deferred = mem_new(sizeof(*deferred));

	deferred->done = done;
	deferred->arg = arg;
	list_append(&loop->deferred, &deferred->link);
}

/* -- descriptors --------------------------------------------------------------------------------- */

static void
io_happened(evutil_socket_t fd, short what, void *arg)
{
	struct loop_io *io = arg;

	io->ready(io->fd, (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0), io->arg);
}

/* An event that is reused spares an allocation each time a writer waits. */
static void
prepare_event(struct loop *loop, struct event **event, int fd, short what,
    event_callback_fn happened, void *arg)
{
	if (*event == NULL) {
		if ((*event = event_new(loop->base, fd, what, happened, arg)) == NULL)
			log_fatal("cannot make an event: %m");
		return;
	}
	event_del(*event);
	event_assign(*event, loop->base, fd, what, happened, arg);
}

void
loop_io_start(struct loop *loop, struct loop_io *io, int fd, int what,
    void (*ready)(int fd, int what, void *arg), void *arg)
{
	short events = EV_PERSIST;

	events |= what & LOOP_READ ? EV_READ : 0;
	events |= what & LOOP_WRITE ? EV_WRITE : 0;
	io->fd = fd;
	io->ready = ready;
	io->arg = arg;
	prepare_event(loop, &io->event, fd, events, io_happened, io);
	if (event_add(io->event, NULL) == -1)
		log_fatal("cannot watch descriptor %d: %m", fd);
}

/*
 * libevent cannot say EPOLLEXCLUSIVE, and an epoll descriptor nested in its own would not do either: the kernel counts
 * a wake-up as taken only by those that wait in epoll_wait() themselves. Services of this kind have one process, or
 * few; the others use service/waiting.h.
 */
void
loop_io_start_shared(struct loop *loop, struct loop_io *io, int fd,
    void (*ready)(int fd, int what, void *arg), void *arg)
{
	loop_io_start(loop, io, fd, LOOP_READ, ready, arg);
}

void
loop_io_stop(struct loop_io *io)
{
	if (io->event != NULL)
		event_free(io->event);
	io->event = NULL;
}

/* -- timers -------------------------------------------------------------------------------------- */

static void
timer_expired(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;

	timer->expired(timer->arg);
}

void
loop_timer_start(struct loop *loop, struct loop_timer *timer, msec_t after_ms,
    void (*expired)(void *arg), void *arg)
{
	struct timeval after = timeval_of(after_ms > 0 ? after_ms : 0);

	timer->expired = expired;
	timer->arg = arg;
	prepare_event(loop, &timer->event, -1, 0, timer_expired, timer);
	if (event_add(timer->event, &after) == -1)
		log_fatal("cannot start a timer: %m");
}

void
loop_timer_stop(struct loop_timer *timer)
{
	if (timer->event != NULL)
		event_free(timer->event);
	timer->event = NULL;
}

bool
loop_timer_running(const struct loop_timer *timer)
{
	return timer->event != NULL && event_pending(timer->event, EV_TIMEOUT, NULL);
}

/* -- signals ------------------------------------------------------------------------------------- */

static void
signal_caught(evutil_socket_t number, short what, void *arg)
{
	struct caught_signal *signal = arg;

	signal->caught((int)number, signal->arg);
}

void
loop_signal(struct loop *loop, int signal, void (*caught)(int signal, void *arg), void *arg)
{
	struct caught_signal *entry = mem_new(sizeof(*entry));

	entry->caught = caught;
	entry->arg = arg;
	entry->event = evsignal_new(loop->base, signal, signal_caught, entry);
	if (entry->event == NULL || event_add(entry->event, NULL) == -1)
		log_fatal("cannot catch signal %d: %m", signal);
	list_append(&loop->signals, &entry->link);
}
