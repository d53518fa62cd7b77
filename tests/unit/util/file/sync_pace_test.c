/* sync_pace: when a sync waits for company, for how long, and that it fails as fsync does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/file/sync_pace.h"

static int
file_with(const char *text, size_t len)
{
	char path[] = "/tmp/sync_pace_test.XXXXXX";
	int fd = mkstemp(path);

	assert_int_not_equal(fd, -1);
	unlink(path);
	assert_int_equal(write(fd, text, len), len);
	return fd;
}

static long
usec_of_sync(int fd, struct sync_pace *pace, bool unhurried)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_true(sync_paced(fd, pace, unhurried));
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
}

static void
learns_how_long_a_sync_takes(void **state)
{
	struct sync_pace pace = { 0 };
	int fd = file_with("x", 1);

	assert_true(usec_of_sync(fd, &pace, true) >= pace.usec);
	pace.usec = 1600;
	usec_of_sync(fd, &pace, false);
	assert_true(pace.usec >= 1500);		/* forgotten step by step */
	close(fd);
}

static void
waits_as_long_as_a_sync_when_nobody_waits(void **state)
{
	struct sync_pace pace = { .usec = 8000 };
	int fd = file_with("x", 1);

	assert_true(usec_of_sync(fd, &pace, true) >= 8000);
	close(fd);
}

static void
does_not_wait_longer_than_the_limit(void **state)
{
	struct sync_pace pace = { .usec = 1000000000 };
	int fd = file_with("x", 1);

	assert_true(usec_of_sync(fd, &pace, true) >= SYNC_WAIT_MAX_USEC);	/* a thousand seconds would end this test */
	close(fd);
}

static void
does_not_wait_in_a_hurry(void **state)
{
	struct sync_pace pace = { .usec = SYNC_WAIT_MAX_USEC };
	long shortest = SYNC_WAIT_MAX_USEC;
	int fd = file_with("x", 1);

	for (int i = 0; i < 1000 && shortest >= SYNC_WAIT_MAX_USEC; i++) {	/* a loaded machine is slow at times */
		pace.usec = SYNC_WAIT_MAX_USEC;
		shortest = usec_of_sync(fd, &pace, false);
	}
	assert_true(shortest < SYNC_WAIT_MAX_USEC);
	close(fd);
}

static void
fails_as_fsync_does(void **state)
{
	struct sync_pace hurried = { 0 }, waiting = { .usec = 1000 };
	int ends[2];

	assert_false(sync_paced(-1, &hurried, false));
	assert_int_equal(errno, EBADF);
	assert_false(sync_paced(-1, &waiting, true));
	assert_int_equal(errno, EBADF);
	assert_int_equal(pipe(ends), 0);
	assert_false(sync_paced(ends[1], &waiting, true));
	assert_int_equal(errno, EINVAL);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learns_how_long_a_sync_takes),
		cmocka_unit_test(waits_as_long_as_a_sync_when_nobody_waits),
		cmocka_unit_test(does_not_wait_longer_than_the_limit),
		cmocka_unit_test(does_not_wait_in_a_hurry),
		cmocka_unit_test(fails_as_fsync_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
