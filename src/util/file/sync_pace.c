#include "util/file/sync_pace.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static void
remember(struct sync_pace *pace, long usec)
{
	long before = pace->usec - pace->usec / 16;

	pace->usec = usec > before ? usec : before;
}

static long
usec_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000000 + (now.tv_nsec - start->tv_nsec) / 1000;
}

/* What the disk says is told once: a failure here must not be lost. Where this call does not exist, fsync does it all. */
static bool
start_writing(int fd)
{
	return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) == 0 || errno == ENOSYS || errno == EINVAL || errno == ESPIPE;
}

/* The data go to the disk meanwhile: where its blocks are is then among what others' syncs carry along. */
static bool
wait_for_company(int fd, long usec)
{
	struct timespec span = { .tv_nsec = (usec < SYNC_WAIT_MAX_USEC ? usec : SYNC_WAIT_MAX_USEC) * 1000 };
	bool ok = start_writing(fd);

	if (ok)
		nanosleep(&span, NULL);
	return ok;
}

bool
sync_paced(int fd, struct sync_pace *pace, bool unhurried)
{
	struct timespec start;
	bool ok;

	if (unhurried && pace->usec >= SYNC_WAIT_MIN_USEC && !wait_for_company(fd, pace->usec))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &start);
	ok = fsync(fd) == 0;
	remember(pace, usec_since(&start));
	return ok;
}
