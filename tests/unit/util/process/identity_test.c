#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/process/process.h"

enum { NOBODY = 65534, SOMEBODY = 65533 };

static const struct identity nobody = { NOBODY, NOBODY, NULL }, somebody = { SOMEBODY, SOMEBODY, NULL };

/* What changes for good is tried in a child. */
static void
assert_in_child(bool (*test)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(test() ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static bool
for_good(void)
{
	if (geteuid() != 0)
		return true;
	identity_become(&nobody);
	return getuid() == NOBODY && getgid() == NOBODY && setuid(0) == -1 && getgroups(0, NULL) <= 1;
}

static bool
for_a_while(void)
{
	if (geteuid() != 0)
		return true;
	identity_assume(&nobody);
	if (geteuid() != NOBODY || getegid() != NOBODY || getuid() != 0)
		return false;
	identity_restore();
	return geteuid() == 0 && getegid() == getgid();
}

/* Without root there is one identity; asking for another changes nothing and ends nothing. */
static bool
only_one(void)
{
	uid_t me;

	if (geteuid() == 0)
		identity_become(&nobody);
	me = geteuid();
	identity_assume(&somebody);
	identity_restore();
	identity_become(&somebody);
	return geteuid() == me && getuid() == me;
}

static void
test_identities(void **state)
{
	assert_in_child(for_good);
	assert_in_child(for_a_while);
	assert_in_child(only_one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_identities) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
