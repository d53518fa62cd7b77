/* The loop: descriptors, timers (IP7), deferred work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

#include "util/event/loop.h"

struct state {
	struct loop *loop;
	struct loop_io io;
	struct loop_timer timer;
	int fds[2];
	int reads, timers, deferred, signals;
};

static void
take_byte(int fd, int what, void *arg)
{
	struct state *state = arg;
	char byte;

	assert_int_equal(what, LOOP_READ);
	assert_int_equal(read(fd, &byte, 1), 1);
	state->reads++;
}

static void
again_at_once(void *arg)
{
	struct state *state = arg;

	state->timers++;
	loop_timer_start(state->loop, &state->timer, 0, again_at_once, state);
}

static void
stop(void *arg)
{
	struct state *state = arg;

	state->timers++;
	loop_stop(state->loop);
}

static void
count_deferred(void *arg)
{
	struct state *state = arg;

	state->deferred++;
}

static void
count_signal(int number, void *arg)
{
	struct state *state = arg;

	assert_int_equal(number, SIGUSR1);
	state->signals++;
	loop_defer(state->loop, count_deferred, state);
}

static void
state_open(struct state *state)
{
	*state = (struct state){ .loop = loop_new() };
	assert_int_equal(pipe(state->fds), 0);
}

static void
state_close(struct state *state)
{
	loop_io_stop(&state->io);
	loop_timer_stop(&state->timer);
	loop_free(state->loop);
	close(state->fds[0]);
	close(state->fds[1]);
}

/* A timer that sets itself without delay does not keep others from being served. */
static void
test_zero_timer_ip7(void **unused)
{
	struct state state;

	state_open(&state);
	loop_io_start(state.loop, &state.io, state.fds[0], LOOP_READ, take_byte, &state);
	loop_timer_start(state.loop, &state.timer, 0, again_at_once, &state);
	assert_int_equal(write(state.fds[1], "abc", 3), 3);
	for (int turn = 0; turn < 20; turn++)
		assert_true(loop_turn(state.loop, 100));
	assert_int_equal(state.reads, 3);
	assert_in_range(state.timers, 1, 20);
	state_close(&state);
}

static void
test_start_and_stop(void **unused)
{
	struct state state;

	state_open(&state);
	loop_io_stop(&state.io);		/* never started */
	loop_timer_stop(&state.timer);
	assert_false(loop_timer_running(&state.timer));
	loop_timer_start(state.loop, &state.timer, 60000, stop, &state);
	assert_true(loop_timer_running(&state.timer));
	loop_timer_start(state.loop, &state.timer, 1, stop, &state);	/* moved */
	loop_run(state.loop);
	assert_int_equal(state.timers, 1);
	assert_false(loop_timer_running(&state.timer));
	assert_false(loop_turn(state.loop, -1));
	state_close(&state);
}

static void
test_turns_have_a_limit(void **unused)
{
	struct state state;
	msec_t before = clock_now();

	state_open(&state);
	loop_io_start(state.loop, &state.io, state.fds[0], LOOP_READ, take_byte, &state);
	assert_true(loop_turn(state.loop, 0));
	assert_true(loop_turn(state.loop, 10));
	assert_in_range(clock_now() - before, 8, 2000);
	assert_int_equal(state.reads, 0);
	state_close(&state);
}

static void
test_signals_and_deferred_work(void **unused)
{
	struct state state;

	state_open(&state);
	loop_signal(state.loop, SIGUSR1, count_signal, &state);
	raise(SIGUSR1);
	loop_turn(state.loop, 1000);
	assert_int_equal(state.signals, 1);
	assert_int_equal(state.deferred, 1);
	state_close(&state);
}

static void
see_it_ready(int fd, int what, void *arg)
{
	if (++*(int *)arg > 1000)
		fail_msg("the turn does not end");
}

/* A descriptor that stays ready, because what it tells is acted on at the end of the turn. */
static void
test_turn_without_waiting_ends(void **state)
{
	struct loop *loop = loop_new();
	struct loop_io io = { NULL };
	int fds[2], seen = 0;

	assert_int_equal(pipe(fds), 0);
	close(fds[1]);
	loop_io_start(loop, &io, fds[0], LOOP_READ, see_it_ready, &seen);
	assert_true(loop_turn(loop, 0));
	assert_int_equal(seen, 1);
	loop_io_stop(&io);
	close(fds[0]);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turn_without_waiting_ends),
		cmocka_unit_test(test_zero_timer_ip7),
		cmocka_unit_test(test_start_and_stop),
		cmocka_unit_test(test_turns_have_a_limit),
		cmocka_unit_test(test_signals_and_deferred_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
