#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "util/base/process_id.h"

static pid_t known;		/* 0: ask */

static void
forget(void)
{
	known = 0;
}

pid_t
process_id(void)
{
	static bool watched;

	if (!watched)
		watched = pthread_atfork(NULL, NULL, forget) == 0;
	if (known == 0)
		known = getpid();
	return known;
}
