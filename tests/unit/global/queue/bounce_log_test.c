#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "global/queue/bounce_log.h"
#include "tests/unit/scratch.h"
#include "util/file/file.h"

static const struct queue_layout layout = { "deferred, defer", 1, false };
static const struct view id = VIEW_INIT("ABCDEF1");

static const struct bounce_log_entry full = {
	.recipient = VIEW_INIT("user@example.com"), .original = VIEW_INIT("alias@example.org"),
	.dsn_orcpt = VIEW_INIT("rfc822;orig@example"), .dsn_notify = 12, .offset = 123,
	.status = VIEW_INIT("4.4.1"), .action = VIEW_INIT("delayed"),
	.diag_type = VIEW_INIT("smtp"), .diag_text = VIEW_INIT("450 later"),
	.mta_type = VIEW_INIT("dns"), .mta_name = VIEW_INIT("mx.example.com"), .reason = VIEW_INIT("try\nagain\n"),
};

static void
test_format(void **state)
{
	struct buf text = BUF_INIT;

	bounce_log_format(&text, &full, true);
	assert_string_equal(buf_c(&text),
	    "\n<user@example.com>: try?again?\nrecipient=user@example.com\noriginal_recipient=alias@example.org\n"
	    "offset=123\ndsn_orig_rcpt=rfc822;orig@example\nnotify_flags=12\nstatus=4.4.1\naction=delayed\n"
	    "diag_type=smtp\ndiag_text=450 later\nmta_type=dns\nmta_mname=mx.example.com\nreason=try?again?\n\n");
	buf_reset(&text);
	bounce_log_format(&text, &(struct bounce_log_entry){ .diag_type = VIEW("smtp") }, true);
	assert_string_equal(buf_c(&text), "\n<>: \nrecipient=<>\n\n");
	buf_fini(&text);
}

static void
test_round_trip(void **state)
{
	struct bounce_log_entry entry;
	struct bounce_log *log;

	assert_null(bounce_log_open(&layout, "defer", id, NULL));
	assert_int_equal(errno, ENOENT);
	for (int i = 0; i < 3; i++)
		assert_true(bounce_log_append(&layout, "defer", id, &full, i != 1, NULL));
	assert_int_equal(access("defer/A/ABCDEF1", F_OK), 0);
	log = bounce_log_open(&layout, "defer", id, NULL);
	assert_non_null(log);
	for (int i = 0; i < 5; i++) {
		if (i == 2)
			bounce_log_rewind(log);
		assert_true(bounce_log_next(log, &entry));
		assert_true(view_is(entry.recipient, "user@example.com"));
		assert_true(view_is(entry.original, "alias@example.org"));
		assert_int_equal(entry.offset, 123);
		assert_int_equal(entry.dsn_notify, 12);
		assert_true(view_is(entry.mta_name, "mx.example.com"));
		assert_true(view_is(entry.reason, "try?again?"));
	}
	assert_false(bounce_log_next(log, &entry));
	bounce_log_close(log);
}

static const struct {
	const char *lines, *queue, *recipient, *status, *action, *reason;
} entries[] = {
	{ "<a@b>: no\n", "bounce", "a@b", "5.0.0", "failed", "no" },
	{ "<a@b>: no\n", "defer", "a@b", "4.0.0", "delayed", "no" },
	{ "recipient=<>\nreason=x\n", "bounce", "", "5.0.0", "failed", "x" },
	{ "reason=x\n", "bounce", "(recipient address unavailable)", "5.0.0", "failed", "x" },
	{ "recipient=a@b\nstatus=5.1.1\nfoo=bar\njunk\n", "bounce", "a@b", "5.1.1", "failed", "(description unavailable)" },
	{ "recipient=a@b\noffset=99999999999999999999\nnotify_flags=-1\n", "bounce", "a@b", "5.0.0", "failed",
	    "(description unavailable)" },
	{ "<a@b\n<\n>: x\n=\n", "bounce", "(recipient address unavailable)", "5.0.0", "failed", "(description unavailable)" },
	{ "recipient=\"a b\"@c\nreason=\001\n", "bounce", "a b@c", "5.0.0", "failed", "?" },
};

static void
test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(entries); i++) {
		struct arena arena = ARENA_INIT;
		struct bounce_log_entry entry;

		bounce_log_parse(view_string(entries[i].lines), entries[i].queue, &arena, &entry);
		if (!view_is(entry.recipient, entries[i].recipient))
			fail_msg("%zu: %.*s", i, VIEW_ARG(entry.recipient));
		assert_true(view_is(entry.status, entries[i].status));
		assert_true(view_is(entry.action, entries[i].action));
		assert_true(view_is(entry.reason, entries[i].reason));
		assert_int_equal(entry.offset, 0);
		arena_fini(&arena);
	}
}

static const struct view log_path = VIEW_INIT("defer/B/BCDEF12");
static const struct view other_id = VIEW_INIT("BCDEF12");

static bool
append_other(void)
{
	return bounce_log_append(&layout, "defer", other_id, &full, true, NULL);
}

static bool
remove_other(const struct bounce_log *log)
{
	return bounce_log_remove(&layout, "defer", other_id, log, NULL);
}

static bool
has_open(pid_t pid, const char *name)
{
	char path[64], target[512];
	bool found = false;
	ssize_t n;

	for (int fd = 0; fd < 64 && !found; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		found = strstr(target, name) != NULL;
	}
	return found;
}

static size_t
count(struct bounce_log *log)
{
	struct bounce_log_entry entry;
	size_t found = 0;

	while (bounce_log_next(log, &entry))
		found++;
	return found;
}

/* BN5: what comes while a notice is made is neither told by half nor removed unread. */
static void
test_remove_what_was_read(void **state)
{
	struct bounce_log *log;

	assert_true(append_other());
	log = bounce_log_open(&layout, "defer", other_id, NULL);
	assert_true(append_other());
	assert_int_equal(count(log), 1);
	assert_false(remove_other(log));
	assert_int_equal(access(log_path.data, F_OK), 0);
	bounce_log_close(log);
	log = bounce_log_open(&layout, "defer", other_id, NULL);
	assert_int_equal(count(log), 2);
	assert_true(remove_other(log));
	assert_true(remove_other(log));
	assert_int_equal(access(log_path.data, F_OK), -1);
	assert_true(append_other());		/* another log by the same name */
	assert_false(remove_other(log));
	assert_int_equal(access(log_path.data, F_OK), 0);
	bounce_log_close(log);
}

static void
test_remove_empty(void **state)
{
	assert_true(append_other());
	assert_false(remove_other(NULL));
	assert_int_equal(truncate(log_path.data, 0), 0);
	assert_true(remove_other(NULL));
	assert_int_equal(access(log_path.data, F_OK), -1);
	assert_true(remove_other(NULL));
}

/* Opens the log, waits for the lock, and finds that the file has no name any more. */
static void
test_append_to_a_file_that_goes(void **state)
{
	int fd, status;
	pid_t pid;

	assert_true(append_other());
	fd = open(log_path.data, O_RDONLY);
	assert_true(file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0));
	if ((pid = fork()) == 0) {
		close(fd);
		_exit(append_other() ? 0 : 1);
	}
	while (!has_open(pid, "BCDEF12"))
		usleep(1000);
	assert_int_equal(unlink(log_path.data), 0);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(access(log_path.data, F_OK), 0);
}

/* BN3: half an entry, and the next one behind it. */
static void
test_append_to_half_an_entry(void **state)
{
	struct bounce_log_entry entry;
	struct bounce_log *log;

	assert_true(append_other());
	assert_int_equal(truncate(log_path.data, 40), 0);
	assert_true(append_other());
	log = bounce_log_open(&layout, "defer", other_id, NULL);
	assert_true(bounce_log_next(log, &entry));
	assert_true(view_is(entry.status, "4.0.0"));
	assert_true(bounce_log_next(log, &entry));
	assert_true(view_is(entry.status, "4.4.1"));
	assert_false(bounce_log_next(log, &entry));
	assert_true(remove_other(log));
	bounce_log_close(log);
}

/* A read error is not the end of the log. */
static void
test_damaged(void **state)
{
	struct bounce_log *log;

	assert_true(append_other());
	log = bounce_log_open(&layout, "defer", other_id, NULL);
	assert_int_equal(truncate(log_path.data, 3), 0);
	count(log);
	assert_true(bounce_log_damaged(log));
	bounce_log_close(log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_parse),
		cmocka_unit_test(test_remove_what_was_read), cmocka_unit_test(test_remove_empty),
		cmocka_unit_test(test_append_to_a_file_that_goes), cmocka_unit_test(test_append_to_half_an_entry),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
