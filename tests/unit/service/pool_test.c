/* Who is idle: two become busy at once, places are used again, and what a stranger wrote there harms nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <pthread.h>
#include <unistd.h>

#include <cmocka.h>

#include "service/pool.h"

enum { ROUNDS = 20000 };

static struct pool *
make_pool(void)
{
	int fd = shared_page_make("pool");
	struct pool *pool;

	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, 0), -1);		/* sealed */
	pool = shared_page_map(fd);
	assert_non_null(pool);
	close(fd);
	return pool;
}

static void
test_last_one_knows(void **state)
{
	struct pool *pool = make_pool();
	int a = pool_join(pool), b = pool_join(pool);

	assert_true(pool_anybody_idle(pool));
	assert_false(pool_enter(pool, a, POOL_BUSY));
	assert_true(pool_enter(pool, b, POOL_BUSY));
	assert_false(pool_anybody_idle(pool));
	assert_true(pool_enter(pool, a, POOL_IDLE));
	assert_false(pool_enter(pool, b, POOL_IDLE));
	pool_leave(pool, a);
	pool_leave(pool, b);
	assert_false(pool_anybody_idle(pool));
	shared_page_unmap(pool);
}

static void
test_places_are_used_again(void **state)
{
	struct pool *pool = make_pool();

	for (int i = 0; i < POOL_PLACES; i++)
		assert_int_equal(pool_join(pool), i);
	assert_int_equal(pool_join(pool), -1);
	pool_leave(pool, 7);
	assert_int_equal(pool_join(pool), 7);
	shared_page_unmap(pool);
}

static void
test_nonsense_is_survived(void **state)
{
	struct pool *pool = make_pool();

	memset(pool, 0xff, SHARED_PAGE_SIZE);
	assert_false(pool_anybody_idle(pool));
	assert_int_equal(pool_join(pool), -1);
	pool_enter(pool, 3, POOL_IDLE);
	assert_true(pool_anybody_idle(pool));
	shared_page_unmap(pool);
}

/* Two processes become busy at the same time, again and again: one of them at least sees that nobody is left. */
struct racer {
	struct pool *pool;
	int place;
	pthread_barrier_t *barrier;
	bool alone[ROUNDS];
};

static void *
race(void *arg)
{
	struct racer *racer = arg;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(racer->barrier);
		racer->alone[i] = pool_enter(racer->pool, racer->place, POOL_BUSY);
		pthread_barrier_wait(racer->barrier);
		pool_enter(racer->pool, racer->place, POOL_IDLE);
	}
	return NULL;
}

static void
test_race(void **state)
{
	static struct racer racers[2];
	pthread_barrier_t barrier;
	pthread_t threads[2];
	struct pool *pool = make_pool();

	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 2; i++) {
		racers[i].pool = pool;
		racers[i].place = pool_join(pool);
		racers[i].barrier = &barrier;
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < ROUNDS; i++)
		assert_true(racers[0].alone[i] || racers[1].alone[i]);
	pthread_barrier_destroy(&barrier);
	shared_page_unmap(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_one_knows),
		cmocka_unit_test(test_places_are_used_again),
		cmocka_unit_test(test_nonsense_is_survived),
		cmocka_unit_test(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
