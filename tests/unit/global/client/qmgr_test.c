/* Announcements to a queue manager that has no time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "global/client/qmgr.h"
#include "util/net/endpoint.h"
#include "util/file/file.h"

static const char path[] = "qmgr_test.sock";

enum { CROWD = 64 };

/* Fills the backlog; how many connections that took. */
static int
crowd(int fds[CROWD])
{
	int n = 0;

	while (n < CROWD && (fds[n] = unix_connect_start(path, NULL)) != -1)
		n++;
	return n;
}

/* Takes connections until one brings the request for a scan. */
static bool
somebody_asks_for_a_scan(int listener)
{
	msec_t deadline = clock_deadline(5000);
	char byte;

	while (fd_wait(listener, POLLIN, deadline)) {
		int fd = accept(listener, NULL, NULL);

		if (fd == -1)
			continue;
		if (recv(fd, &byte, 1, 0) == 1 && byte == QMGR_REQUEST_INCOMING)
			return true;
		close(fd);
	}
	return false;
}

static void
test_a_full_backlog_loses_no_hint(void **state)
{
	struct qmgr_announcement announcement = { .queue_id = VIEW("12345ABCDE") };
	int listener = unix_listen(path, 0600, 1, NULL), fds[CROWD], count, status;
	struct announcer *announcer;
	pid_t pid;

	assert_int_not_equal(listener, -1);
	count = crowd(fds);
	assert_in_range(count, 1, CROWD - 1);
	if ((pid = fork()) == 0) {
		announcer = announcer_new(path);
		qmgr_announce(announcer, &announcement);
		_exit(0);
	}
	poll(NULL, 0, 50);		/* it meets the crowd */
	while (count > 0)
		close(fds[--count]);
	assert_true(somebody_asks_for_a_scan(listener));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(listener);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_full_backlog_loses_no_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
