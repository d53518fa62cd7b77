#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "util/base/clock.h"
#include "util/file/file.h"
#include "util/file/mailbox_lock.h"

static const struct mailbox_lock_policy once = { .styles = MAILBOX_LOCK_DOTLOCK, .attempts = 1, .stale_sec = 500 };

static void
make_old(const char *path)
{
	struct timespec old = { clock_wall().tv_sec - 1000, 0 };
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(futimens(fd, (struct timespec[2]){ old, old }), 0);
	close(fd);
}

/* Two who wait may both see a stale lock; what the second one removes must not be what the first one made since. */
static void
test_one_alone_removes_a_stale_dotlock(void **state)
{
	struct mailbox_lock lock = MAILBOX_LOCK_INIT;
	int fd, other;

	make_old("box");
	make_old("box.lock");
	fd = open("box", O_WRONLY);
	other = open("box.lock", O_RDWR);			/* somebody is about to remove it */
	assert_true(file_lock(other, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0));
	assert_false(mailbox_lock(&lock, fd, "box", &once, NULL));
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(access("box.lock", F_OK), 0);
	close(other);
	assert_false(mailbox_lock(&lock, fd, "box", &once, NULL));	/* now we do, and take it next time */
	assert_int_equal(access("box.lock", F_OK), -1);
	assert_true(mailbox_lock(&lock, fd, "box", &once, NULL));
	assert_int_equal(access("box.lock", F_OK), 0);
	mailbox_unlock(&lock);
	close(fd);
}

static void
test_a_fresh_dotlock_stays(void **state)
{
	struct mailbox_lock lock = MAILBOX_LOCK_INIT;
	int fd;

	make_old("other");
	close(open("other.lock", O_WRONLY | O_CREAT, 0600));
	fd = open("other", O_WRONLY);
	assert_false(mailbox_lock(&lock, fd, "other", &once, NULL));
	assert_int_equal(access("other.lock", F_OK), 0);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_alone_removes_a_stale_dotlock),
		cmocka_unit_test(test_a_fresh_dotlock_stays),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
