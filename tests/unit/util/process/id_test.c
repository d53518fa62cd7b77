#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/process/process.h"

static void
test_a_forked_child_knows_itself(void **state)
{
	int status;
	pid_t pid;

	assert_int_equal(process_id(), getpid());
	if ((pid = fork()) == 0)
		_exit(process_id() == getpid() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(process_id(), getpid());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_forked_child_knows_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
