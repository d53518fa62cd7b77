/* Queue and log files that another mail system made (tests/data/queue): read, and written back with the same bytes. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "global/queue/bounce_log.h"
#include "global/queue/envelope.h"
#include "util/file/file.h"

#define FOLDER	"tests/data/queue/"
enum { FILE_MAX = 1 << 20 };

static void
each_file(const char *suffix, int at_least, void (*each)(const char *path))
{
	DIR *dir = opendir(FOLDER);
	struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		struct buf path = BUF_INIT;

		if (!view_ends(view_string(entry->d_name), view_string(suffix)))
			continue;
		buf_printf(&path, FOLDER "%s", entry->d_name);
		each(buf_c(&path));
		buf_fini(&path);
		count++;
	}
	closedir(dir);
	assert_true(count >= at_least);
}

/* Between the records of an edited file lie bytes without meaning, so only files without edits can be whole. */
static void
write_back(const char *path)
{
	struct buf original = BUF_INIT, copy = BUF_INIT, why = BUF_INIT;
	struct queue_reader *reader;
	struct record record;
	int fd;

	if (view_find_view(view_string(path), VIEW("milter-")) >= 0)
		return;
	assert_true(file_read_all(path, FILE_MAX, &original, NULL));
	fd = open(path, O_RDONLY);
	reader = queue_reader_new(fd);
	queue_reader_follow(reader, false);
	while (copy.len < original.len && queue_reader_next(reader, &record, NULL, &why) == QUEUE_READ_RECORD)
		record_put(&copy, record.type, record.data);
	if (!view_equal(buf_view(&copy), buf_view(&original)))
		fail_msg("%s: differs from byte %zu on: %s", path, copy.len, buf_c(&why));
	queue_reader_free(reader);
	close(fd);
	buf_fini(&original);
	buf_fini(&copy);
	buf_fini(&why);
}

static void
test_records(void **state)
{
	each_file(".queue", 30, write_back);
}

/* Without its content a file tells the same. */
static void
same_from_image(const char *path, const struct queue_envelope *expected, size_t expected_count)
{
	struct arena arena = ARENA_INIT;
	struct buf file = BUF_INIT, why = BUF_INIT;
	struct queue_envelope envelope;
	struct queue_recipient *recipients;
	struct queue_image image = { .tail_at = (off_t)(expected->size.data_offset + expected->size.content_size) };
	size_t count;

	assert_true(file_read_all(path, FILE_MAX, &file, NULL));
	image.head = view_slice(buf_view(&file), 0, (size_t)expected->size.data_offset);
	image.tail = view_slice(buf_view(&file), (size_t)image.tail_at, file.len);
	assert_int_equal(queue_envelope_read_image(&image, &arena, &envelope, &recipients, &count, 1000, &why), QUEUE_READ_END);
	assert_int_equal(count, expected_count);
	assert_true(view_equal(envelope.sender, expected->sender) && envelope.warn_offset == expected->warn_offset);
	assert_true(envelope.complete && envelope.arrival.tv_usec == expected->arrival.tv_usec);
	if (count > 1)		/* it has more than asked for */
		assert_int_equal(queue_envelope_read_image(&image, &arena, &envelope, &recipients, &count, 1, &why),
		    QUEUE_READ_RECORD);
	buf_fini(&file);
	buf_fini(&why);
	arena_fini(&arena);
}

/* What qmgr needs of a file is found in each (doc/queue-file.md, section 10). */
static void
read_envelope(const char *path)
{
	struct arena arena = ARENA_INIT;
	struct queue_envelope envelope = { 0 };
	struct queue_recipient *recipients;
	struct buf why = BUF_INIT;
	size_t count;
	off_t resume = 0;
	int fd = open(path, O_RDONLY);

	if (queue_envelope_read(fd, &arena, &envelope, &recipients, &count, 1000, &resume, NULL, &why) > QUEUE_READ_END)
		fail_msg("%s: %s", path, buf_c(&why));
	assert_true(envelope.complete && envelope.have_time);
	assert_true(count > 0);
	assert_true(envelope.size.data_offset > 0 && envelope.size.content_size > 0);
	same_from_image(path, &envelope, count);
	close(fd);
	buf_fini(&why);
	arena_fini(&arena);
}

static void
test_envelopes(void **state)
{
	each_file(".queue", 30, read_envelope);
}

/* An entry lies between two empty lines. */
static void
rewrite_log(const char *path)
{
	struct buf original = BUF_INIT, copy = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct view rest;
	ptrdiff_t end;

	assert_true(file_read_all(path, FILE_MAX, &original, NULL));
	for (rest = buf_view(&original); rest.len > 0; rest = view_slice(rest, (size_t)end + 2, rest.len)) {
		struct bounce_log_entry entry;

		rest = view_slice(rest, 1, rest.len);
		assert_true((end = view_find_view(rest, VIEW("\n\n"))) > 0);
		bounce_log_parse(view_slice(rest, 0, (size_t)end + 1), strrchr(path, '.') + 1, &arena, &entry);
		bounce_log_format(&copy, &entry, true);
	}
	assert_string_equal(buf_c(&copy), buf_c(&original));
	buf_fini(&original);
	buf_fini(&copy);
	arena_fini(&arena);
}

static void
test_logs(void **state)
{
	each_file(".defer", 10, rewrite_log);
	each_file(".bounce", 1, rewrite_log);
	each_file(".trace", 1, rewrite_log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
