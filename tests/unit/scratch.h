/*
 * scratch: a directory of its own for a test that needs files. It is the working directory from scratch_enter() to
 * scratch_leave(), which removes it with all it holds; both fit cmocka's group setup and teardown.
 */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/mem.h"

static inline int
scratch_enter(void **state)
{
	char name[] = "/tmp/posthaste-test.XXXXXX";

	if (mkdtemp(name) == NULL || chdir(name) == -1)
		return -1;
	*state = mem_string(name);
	return 0;
}

static inline int
scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline int
scratch_leave(void **state)
{
	int result = chdir("/") == 0 ? nftw(*state, scratch_remove, 16, FTW_DEPTH | FTW_PHYS) : -1;

	mem_free(*state);
	return result;
}

#endif
