#include "util/base/clock.h"

#include <limits.h>
#include <stdbool.h>
#include <time.h>

/* A true singleton: the process has one time, and only tests play with it. */
static struct {
	bool on;
	msec_t now;
	struct timeval wall;
} fake;

msec_t
clock_now(void)
{
	struct timespec ts;

	if (fake.on)
		return fake.now;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct timeval
clock_wall(void)
{
	struct timeval tv;

	if (fake.on)
		return fake.wall;
	gettimeofday(&tv, NULL);
	return tv;
}

msec_t
clock_deadline(msec_t after_ms)
{
	return after_ms <= 0 ? CLOCK_NEVER : clock_now() + after_ms;
}

int
clock_poll_ms(msec_t deadline)
{
	msec_t left;

	if (deadline == CLOCK_NEVER)
		return -1;
	left = deadline - clock_now();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

void
clock_set_fake(msec_t now, struct timeval wall)
{
	fake.on = true;
	fake.now = now;
	fake.wall = wall;
}

void
clock_advance(msec_t by)
{
	long long usec = (long long)fake.wall.tv_usec + (by % 1000) * 1000;

	fake.now += by;
	fake.wall.tv_sec += by / 1000 + usec / 1000000;
	fake.wall.tv_usec = usec % 1000000;
}
