#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "global/queue/queue_id.h"
#include "global/queue/queue_scan.h"
#include "tests/unit/scratch.h"

static const struct {
	const char *id;
	bool valid, is_long;
} ids[] = {
	{ "B7EAEA7605C", true, false },
	{ "4F2sNT5WyKz3Bqd", true, true },
	{ "a", true, false },
	{ "", false, false },
	{ "../x", false, false },
	{ "123456.789", false, false },
	{ "B7EAEA7605C#FIX", false, false },
	{ "example_com", false, false },
	{ "000000000z1", true, false },	/* 'z' too early */
	{ "0000000000z1", true, true },
};

static void
test_valid(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
		assert_int_equal(queue_id_valid(view_string(ids[i].id)), ids[i].valid);
		assert_int_equal(queue_id_is_long(view_string(ids[i].id)), ids[i].is_long);
	}
	assert_true(queue_flush_name_valid(VIEW("example_com")));
	assert_false(queue_flush_name_valid(VIEW("example.com")));
	assert_true(queue_name_valid(VIEW("deferred")));
	assert_false(queue_name_valid(VIEW("../etc")));
}

static void
test_make(void **state)
{
	struct buf id = BUF_INIT;
	struct timeval when = { 1700000000, 0xB7EAE }, back;
	ino_t inode;

	queue_id_make(&id, false, when, 0xA7605C);
	assert_string_equal(buf_c(&id), "B7EAEA7605C");
	assert_true(queue_id_inode(buf_view(&id), &inode));
	assert_int_equal(inode, 0xA7605C);
	when.tv_usec = 0x1f;
	queue_id_make(&id, false, when, 1);
	assert_string_equal(buf_c(&id), "0001F1");

	for (when.tv_usec = 0; when.tv_usec < 1000000; when.tv_usec += 99999) {
		queue_id_make(&id, true, when, (ino_t)when.tv_usec * 1000003);
		assert_true(queue_id_is_long(buf_view(&id)));
		assert_true(queue_id_inode(buf_view(&id), &inode));
		assert_int_equal(inode, (ino_t)when.tv_usec * 1000003);
		assert_true(queue_id_time(buf_view(&id), &back));
		assert_int_equal(back.tv_sec, when.tv_sec);
		assert_int_equal(back.tv_usec, when.tv_usec);
	}
	assert_false(queue_id_inode(VIEW("B7EAE"), &inode));
	assert_false(queue_id_inode(VIEW("B7EAEXYZ"), &inode));
	buf_fini(&id);
}

static const struct {
	const char *names;
	int depth;
	const char *queue, *id, *path;
} paths[] = {
	{ "deferred, defer", 1, "deferred", "B7EAEA7605C", "deferred/B/B7EAEA7605C" },
	{ "deferred, defer", 2, "deferred", "B7EAEA7605C", "deferred/B/7/B7EAEA7605C" },
	{ "Deferred", 1, "deferred", "B7EAEA7605C", "deferred/B/B7EAEA7605C" },
	{ "deferred, defer", 1, "active", "B7EAEA7605C", "active/B7EAEA7605C" },
	{ "", 1, "deferred", "B7EAEA7605C", "deferred/B7EAEA7605C" },
	{ "deferred", 4, "deferred", "AB", "deferred/A/B/_/_/AB" },
	{ "deferred", 3, "deferred", "0000000001z1", "deferred/0/0/0/0000000001z1" },
	{ "deferred", 2, "deferred", "4F2sNT70Byz3Bqd", NULL },
};

static void
test_path(void **state)
{
	struct buf path = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
		struct queue_layout layout = { paths[i].names, paths[i].depth, false };
		struct timeval when;

		queue_path(&path, &layout, paths[i].queue, view_string(paths[i].id));
		if (paths[i].path != NULL) {
			assert_string_equal(buf_c(&path), paths[i].path);
		} else {
			struct buf want = BUF_INIT;

			assert_true(queue_id_time(view_string(paths[i].id), &when));
			buf_printf(&want, "%05lX", (unsigned long)when.tv_usec);
			assert_int_equal(path.data[9], want.data[0]);
			assert_int_equal(path.data[11], want.data[1]);
			buf_fini(&want);
		}
	}
	buf_fini(&path);
}

/* -- in a scratch directory ---------------------------------------------------------------------------------------- */

static void
touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0700);

	assert_true(fd != -1);
	close(fd);
}

static int
enter(void **state)
{
	return scratch_enter(state) == 0 && mkdir("deferred", 0700) == 0 && mkdir("active", 0700) == 0 ? 0 : -1;
}

static void
test_move(void **state)
{
	struct queue_layout layout = { "deferred", 2, false };
	struct buf why = BUF_INIT;

	touch("active/ABCDEF1");
	assert_true(queue_move(&layout, "active", "deferred", VIEW("ABCDEF1"), &why));
	assert_int_equal(access("deferred/A/B/ABCDEF1", F_OK), 0);
	assert_false(queue_move(&layout, "active", "deferred", VIEW("ABCDEF1"), &why));
	assert_int_equal(errno, ENOENT);
	touch("active/ABCDEF1");	/* an existing target is an error, never overwritten */
	assert_false(queue_move(&layout, "active", "deferred", VIEW("ABCDEF1"), &why));
	assert_int_equal(errno, EEXIST);
	assert_true(queue_remove(&layout, "active", VIEW("ABCDEF1"), &why));
	assert_true(queue_remove(&layout, "deferred", VIEW("ABCDEF1"), &why));
	assert_false(queue_remove(&layout, "deferred", VIEW("ABCDEF1"), &why));
	buf_fini(&why);
}

/* One file with two names: the power went between the halves of a rename. */
static void
test_move_finishes_a_rename(void **state)
{
	struct queue_layout layout = { "", 0, false };

	touch("active/ABCDEF1");
	assert_int_equal(link("active/ABCDEF1", "deferred/ABCDEF1"), 0);
	assert_true(queue_move(&layout, "active", "deferred", VIEW("ABCDEF1"), NULL));
	assert_int_equal(access("active/ABCDEF1", F_OK), -1);
	assert_true(queue_remove(&layout, "deferred", VIEW("ABCDEF1"), NULL));
}

static size_t
count_files(const char *queue)
{
	struct queue_scan *scan = queue_scan_open(queue);
	struct view id, path;
	size_t count = 0;

	while (queue_scan_next(scan, &id, &path)) {
		assert_true(view_ends(path, id));
		assert_true(view_starts(path, view_string(queue)));
		count++;
	}
	queue_scan_close(scan);
	return count;
}

static void
test_scan(void **state)
{
	touch("deferred/123.456");		/* under construction */
	touch("deferred/ABCDEF2#FIX");
	mkdir("deferred/B", 0700);
	mkdir("deferred/B/_", 0700);
	mkdir("deferred/BB", 0700);
	touch("deferred/BB/ABCDEF5");
	assert_int_equal(count_files("deferred"), 0);
	touch("deferred/ABCDEF2");
	touch("deferred/B/ABCDEF3");
	touch("deferred/B/_/ABCDEF4");
	assert_int_equal(count_files("deferred"), 3);
	assert_int_equal(count_files("nothing"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid), cmocka_unit_test(test_make), cmocka_unit_test(test_path),
		cmocka_unit_test(test_move), cmocka_unit_test(test_move_finishes_a_rename),
		cmocka_unit_test(test_scan),
	};

	return cmocka_run_group_tests(tests, enter, scratch_leave);
}
