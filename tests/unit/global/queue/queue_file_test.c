#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "global/queue/envelope.h"
#include "global/queue/queue_writer.h"
#include "tests/unit/scratch.h"
#include "util/file/file.h"

static const struct queue_layout layout = { "deferred, defer", 1, false };

static int
enter(void **state)
{
	return scratch_enter(state) == 0 && mkdir("incoming", 0700) == 0 && mkdir("hold", 0700) == 0 ? 0 : -1;
}

/* A descriptor on a file that holds these bytes. */
static int
file_of(struct view bytes)
{
	int fd = open("bytes", O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd != -1);
	assert_true(file_write_all(fd, bytes, NULL));
	return fd;
}

/* -- the writer ---------------------------------------------------------------------------------------------------- */

static void
write_message(struct queue_writer *writer, size_t lines)
{
	struct queue_size size = { .recipients = 1 };
	struct buf data = BUF_INIT, record = BUF_INIT;
	off_t end;

	queue_size_put(&data, &size);
	assert_int_equal(data.len, 95);
	queue_writer_put(writer, RECORD_SIZE, buf_view(&data));
	queue_writer_printf(writer, RECORD_TIME, "%ld %ld", 1700000000L, 5L);
	queue_writer_put(writer, RECORD_SENDER, VIEW("a@example.com"));
	queue_writer_put(writer, RECORD_RECIPIENT, VIEW("b@example.com"));
	queue_writer_put(writer, RECORD_CONTENT, VIEW_EMPTY);
	size.data_offset = queue_writer_offset(writer);
	for (size_t i = 0; i < lines; i++)
		queue_writer_put(writer, RECORD_LINE, VIEW("a line of the content"));
	end = queue_writer_put(writer, RECORD_EXTRACTED, VIEW_EMPTY);
	size.content_size = size.logical_size = end - size.data_offset;
	queue_writer_put(writer, RECORD_END, VIEW_EMPTY);
	buf_reset(&data);
	queue_size_put(&data, &size);
	record_put(&record, RECORD_SIZE, buf_view(&data));
	queue_writer_overwrite(writer, 0, buf_view(&record));
	buf_fini(&data);
	buf_fini(&record);
}

static void
check_message(const char *path, size_t content)
{
	struct arena arena = ARENA_INIT;
	struct queue_envelope envelope;
	struct queue_recipient *recipients;
	size_t count;
	off_t resume = 0;
	int fd = open(path, O_RDWR);

	assert_true(fd != -1);
	assert_int_equal(queue_envelope_read(fd, &arena, &envelope, &recipients, &count, 10, &resume, NULL, NULL), QUEUE_READ_END);
	assert_int_equal(count, 1);
	assert_true(view_is(recipients[0].address, "b@example.com"));
	assert_true(view_is(envelope.sender, "a@example.com"));
	assert_int_equal(envelope.arrival.tv_sec, 1700000000);
	assert_int_equal(envelope.size.content_size, content);
	assert_true(envelope.complete);
	arena_fini(&arena);
	close(fd);
}

static void
test_write(void **state)
{
	static const size_t lines[] = { 0, 1, 100, 20000 };

	for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
		struct buf why = BUF_INIT, path = BUF_INIT;
		struct queue_writer *writer = queue_writer_open(&layout, "incoming", 0600, &why);
		struct stat st;
		ino_t inode;

		assert_non_null(writer);
		assert_true(queue_id_inode(queue_writer_id(writer), &inode));
		buf_puts(&path, queue_writer_path(writer));
		write_message(writer, lines[i]);
		assert_int_equal(stat(buf_c(&path), &st), 0);
		assert_int_equal(st.st_ino, inode);
		assert_false(queue_file_complete(&st));
		assert_int_equal(queue_commit(writer, NULL, &why), QUEUE_WRITE_OK);
		assert_int_equal(stat(buf_c(&path), &st), 0);
		assert_true(queue_file_complete(&st));
		check_message(buf_c(&path), lines[i] * 23);
		buf_fini(&path);
		buf_fini(&why);
	}
}

static void
test_hold(void **state)
{
	struct buf path = BUF_INIT;
	struct queue_writer *writer = queue_writer_open(&layout, "incoming", 0600, NULL);
	struct stat st;

	buf_puts(&path, "hold/");
	buf_putv(&path, queue_writer_id(writer));
	write_message(writer, 1);
	assert_int_equal(queue_commit(writer, "hold", NULL), QUEUE_WRITE_OK);
	assert_int_equal(stat(buf_c(&path), &st), 0);
	assert_true(queue_file_complete(&st));
	buf_fini(&path);
}

/* CQ13: whatever ends it early, no file stays. */
static void
test_abort(void **state)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct queue_writer *writer = queue_writer_open(&layout, "incoming", 0600, NULL);

	buf_puts(&path, queue_writer_path(writer));
	queue_writer_abort(writer);
	assert_int_equal(access(buf_c(&path), F_OK), -1);

	writer = queue_writer_open(&layout, "incoming", 0600, NULL);
	buf_reset(&path);
	buf_puts(&path, queue_writer_path(writer));
	queue_writer_limit(writer, 1000);
	write_message(writer, 10);
	assert_int_equal(queue_writer_result(writer, NULL), QUEUE_WRITE_OK);
	for (int i = 0; i < 100; i++)
		queue_writer_put(writer, RECORD_LINE, VIEW("a line of the content"));
	assert_int_equal(queue_writer_result(writer, &why), QUEUE_WRITE_TOO_BIG);
	assert_true(why.len > 0);
	assert_int_equal(queue_commit(writer, NULL, NULL), QUEUE_WRITE_TOO_BIG);
	assert_int_equal(access(buf_c(&path), F_OK), -1);
	assert_null(queue_writer_open(&layout, "nowhere", 0600, &why));
	buf_fini(&path);
	buf_fini(&why);
}

/* CQ10: many files at once have different names. */
static void
test_unique(void **state)
{
	struct buf last = BUF_INIT;

	for (int i = 0; i < 50; i++) {
		struct queue_writer *writer = queue_writer_open(&layout, "incoming", 0600, NULL);

		assert_false(view_equal(buf_view(&last), queue_writer_id(writer)));
		buf_set(&last, queue_writer_id(writer));
		assert_int_equal(queue_commit(writer, NULL, NULL), QUEUE_WRITE_OK);
	}
	buf_fini(&last);
}

/* -- the reader ---------------------------------------------------------------------------------------------------- */

#define GOOD	"T\1" "1" "S\0" "M\0" "X\0"

static const struct {
	const char *name;
	struct view bytes;
	enum queue_read result;
} files[] = {
	{ "least", VIEW_INIT(GOOD "E\0"), QUEUE_READ_END },
	{ "seconds and microseconds", VIEW_INIT("T\3" "1 2" "S\0M\0X\0E\0"), QUEUE_READ_END },
	{ "attributes", VIEW_INIT("A\15encoding=8bit" GOOD "E\0"), QUEUE_READ_END },
	{ "unknown attribute", VIEW_INIT("A\3x=y" GOOD "E\0"), QUEUE_READ_END },
	{ "killed", VIEW_INIT("K\3x=y" GOOD "E\0"), QUEUE_READ_END },
	{ "CQ9 cancelled recipient", VIEW_INIT(GOOD "/\1aE\0"), QUEUE_READ_END },
	{ "behind the end", VIEW_INIT(GOOD "E\0\0\0"), QUEUE_READ_END },
	{ "options only", VIEW_INIT("C\20-1 -1 -1 -1 -1 1" GOOD "E\0"), QUEUE_READ_END },
	{ "empty file", VIEW_INIT(""), QUEUE_READ_CORRUPT },
	{ "no end", VIEW_INIT(GOOD), QUEUE_READ_CORRUPT },
	{ "no sender", VIEW_INIT("T\1" "1M\0X\0E\0"), QUEUE_READ_CORRUPT },
	{ "no time", VIEW_INIT("S\0M\0X\0E\0"), QUEUE_READ_CORRUPT },
	{ "no content", VIEW_INIT("T\1" "1S\0E\0"), QUEUE_READ_CORRUPT },
	{ "content without end", VIEW_INIT("T\1" "1S\0M\0N\1x"), QUEUE_READ_CORRUPT },
	{ "CQ5 type 0", VIEW_INIT("\0\0" GOOD "E\0"), QUEUE_READ_CORRUPT },
	{ "CQ5 unknown type", VIEW_INIT("Z\0" GOOD "E\0"), QUEUE_READ_CORRUPT },
	{ "CQ5 length beyond the file", VIEW_INIT(GOOD "R\177a"), QUEUE_READ_CORRUPT },
	{ "the last second of the year 9999", VIEW_INIT("T\14" "253402300799S\0M\0X\0E\0"), QUEUE_READ_END },
	{ "a time that cannot be reckoned with", VIEW_INIT("T\14" "253402300800S\0M\0X\0E\0"), QUEUE_READ_CORRUPT },
	{ "a creation time like that", VIEW_INIT("T\1" "1A\40" "create_time=99999999999999999999S\0M\0X\0E\0"), QUEUE_READ_CORRUPT },
	{ "CQ6 empty time", VIEW_INIT("T\0S\0M\0X\0E\0"), QUEUE_READ_CORRUPT },
	{ "CQ6 empty warning time", VIEW_INIT("W\0" GOOD "E\0"), QUEUE_READ_CORRUPT },
	{ "CQ6 attribute without value", VIEW_INIT("A\12" "ret_flags=" GOOD "E\0"), QUEUE_READ_CORRUPT },
	{ "CQ6 attribute without sign", VIEW_INIT("A\1x" GOOD "E\0"), QUEUE_READ_CORRUPT },
	{ "negative notify", VIEW_INIT("A\17notify_flags=-1" GOOD "E\0"), QUEUE_READ_CORRUPT },
	{ "size record in the middle", VIEW_INIT("T\1" "1C\3" "1 2S\0M\0X\0E\0"), QUEUE_READ_CORRUPT },
	{ "pointer without number", VIEW_INIT("p\1x" GOOD "E\0"), QUEUE_READ_CORRUPT },
	{ "pointer beyond the file", VIEW_INIT("p\17         999999" GOOD "E\0"), QUEUE_READ_CORRUPT },
	{ "pointer to nowhere", VIEW_INIT("p\17              0" GOOD "E\0"), QUEUE_READ_END },
	{ "pointer forwards", VIEW_INIT("p\17             19?!" GOOD "E\0"), QUEUE_READ_END },
	{ "CQ7 pointer to itself", VIEW_INIT("K\1" "xp\17              3"), QUEUE_READ_CORRUPT },
};

static void
test_envelopes(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		struct arena arena = ARENA_INIT;
		struct queue_envelope envelope;
		struct queue_recipient *recipients;
		struct buf why = BUF_INIT;
		size_t count;
		off_t resume = 0;
		int fd = file_of(files[i].bytes);
		enum queue_read result = queue_envelope_read(fd, &arena, &envelope, &recipients, &count, 5, &resume, NULL, &why);

		if (result != files[i].result)
			fail_msg("%s: %d %s", files[i].name, result, buf_c(&why));
		assert_true((result == QUEUE_READ_END) == (why.len == 0));
		buf_fini(&why);
		arena_fini(&arena);
		close(fd);
	}
}

static void
put_recipients(struct buf *file, int from, int to)
{
	for (int i = from; i < to; i++) {
		record_put_attribute(file, "notify_flags", VIEW("4"));
		record_put_attribute(file, "dsn_orig_rcpt", VIEW("rfc822;x"));
		record_printf(file, RECORD_ORIGINAL, "original%d", i);
		record_printf(file, i % 3 == 2 ? RECORD_DONE : RECORD_RECIPIENT, "user%d", i);
	}
}

/* CQ3: recipients in rounds, in both segments, some of them done. */
static void
read_in_rounds(struct view file, size_t max)
{
	struct arena arena = ARENA_INIT;
	struct queue_envelope envelope;
	struct queue_recipient *recipients;
	size_t count, done, all = 0, all_done = 0;
	off_t resume = 0;
	int fd = file_of(file);

	do {
		enum queue_read result =
		    queue_envelope_read(fd, &arena, &envelope, &recipients, &count, max, &resume, &done, NULL);

		assert_int_equal(result, resume != 0 ? QUEUE_READ_RECORD : QUEUE_READ_END);
		assert_true(count <= max);
		for (size_t i = 0; i < count; i++) {
			char type = 0;

			assert_int_equal(pread(fd, &type, 1, recipients[i].offset), 1);
			assert_int_equal(type, RECORD_RECIPIENT);
			assert_int_equal(recipients[i].dsn_notify, 4);
			assert_true(view_is(recipients[i].dsn_orcpt, "rfc822;x"));
			assert_true(view_starts(recipients[i].original, VIEW("original")));
		}
		all += count;
		all_done += done;
		assert_true(view_is(envelope.encoding, "8bit"));
	} while (resume != 0);
	assert_int_equal(all, 14);
	assert_int_equal(all_done, 6);
	arena_fini(&arena);
	close(fd);
}

static void
test_rounds(void **state)
{
	static const size_t limits[] = { 1, 2, 3, 13, 14, 15, 100 };
	struct buf file = BUF_INIT;

	record_put(&file, RECORD_TIME, VIEW("1 2"));
	record_put(&file, RECORD_SENDER, VIEW("s@example.com"));
	record_put_attribute(&file, "encoding", VIEW("7bit"));
	put_recipients(&file, 0, 10);
	record_put(&file, RECORD_CONTENT, VIEW_EMPTY);
	record_put(&file, RECORD_LINE, VIEW("text"));
	record_put(&file, RECORD_EXTRACTED, VIEW_EMPTY);
	record_put_attribute(&file, "encoding", VIEW("8bit"));
	put_recipients(&file, 10, 20);
	record_put(&file, RECORD_END, VIEW_EMPTY);
	for (size_t i = 0; i < ARRAY_COUNT(limits); i++)
		read_in_rounds(buf_view(&file), limits[i]);
	buf_fini(&file);
}

static void
test_mark_done(void **state)
{
	struct buf why = BUF_INIT;
	int fd = file_of(VIEW("S\1aR\1bE\0"));
	char type = 0;

	assert_true(queue_mark_done(fd, 3, &why));
	assert_int_equal(pread(fd, &type, 1, 3), 1);
	assert_int_equal(type, 'D');
	assert_true(queue_mark_done(fd, 3, &why));
	assert_true(queue_mark_done(fd, -1, &why));
	assert_false(queue_mark_done(fd, 0, &why));	/* CQ2: never over anything else */
	assert_false(queue_mark_done(fd, 100, &why));
	close(fd);
	buf_fini(&why);
}

static const struct {
	const char *text;
	bool good;
	long long data_offset, logical_size, options;
} sizes[] = {
	{ "10 20 1 0 12 1", true, 20, 12, 1 },
	{ "10 20 1", true, 20, 10, 0 },
	{ "10", true, 0, 0, 0 },
	{ "10 20", false, 0, 0, 0 },
	{ "", false, 0, 0, 0 },
	{ "x", false, 0, 0, 0 },
	{ "10 20 1 32 10 0", false, 0, 0, 0 },
	{ "10 20 1 0 -1 0", false, 0, 0, 0 },
	{ "10 20 1 0 0 0", true, 20, 10, 0 },
	{ "10 20 1 0 10 4096", true, 20, 10, 0 },
	{ "0 0 0 0 0 0", true, 0, 0, 0 },
	{ "-1 -1 -1 -1 -1 33", true, 0, 0, 33 },
	{ "99999999999999999999 1 1", false, 0, 0, 0 },
};

static void
test_sizes(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		struct queue_size size = { 0 };

		if (queue_size_parse(view_string(sizes[i].text), &size) != sizes[i].good)
			fail_msg("%s", sizes[i].text);
		assert_int_equal(size.data_offset, sizes[i].data_offset);
		assert_int_equal(size.logical_size, sizes[i].logical_size);
		assert_int_equal(size.options, sizes[i].options);
	}
}

/* -- edited content ------------------------------------------------------------------------------------------------ */

enum { LONG_LINE = 100 * 1000, PIECE = 2048 };

/* A line in pieces, each of which looks like records that say where the message goes. */
static void
put_long_line(struct buf *file)
{
	static const char bait[] = "L\11evil:evilR\4evil>\4evilX\0E\0";
	char piece[PIECE];

	for (size_t i = 0; i < sizeof(piece); i++)
		piece[i] = bait[i % (sizeof(bait) - 1)];
	for (size_t done = 0; done < LONG_LINE; done += PIECE)
		record_put(file, RECORD_LONG, view_bytes(piece, sizeof(piece)));
	record_put(file, RECORD_LINE, VIEW("end"));
}

static void
put_pointer(struct buf *file, size_t to)
{
	record_printf(file, RECORD_POINTER, "%15zu", to);
}

/* As a milter leaves it behind that replaced the body: the new one stands at the end, longer than the old one. */
static void
put_replaced_body(struct buf *file)
{
	enum { POINTER = RECORD_POINTER_DATA + 2 };
	struct buf old = BUF_INIT, behind = BUF_INIT;
	size_t extracted;

	put_long_line(&old);
	record_put(&behind, RECORD_EXTRACTED, VIEW_EMPTY);
	record_put(&behind, RECORD_RECIPIENT, VIEW("b@example.com"));
	record_put(&behind, RECORD_END, VIEW_EMPTY);
	put_pointer(file, file->len + POINTER + old.len + behind.len);
	buf_putv(file, buf_view(&old));
	extracted = file->len;
	buf_putv(file, buf_view(&behind));
	put_long_line(file);
	record_put(file, RECORD_LINE, VIEW("new"));
	put_pointer(file, extracted);
	buf_fini(&old);
	buf_fini(&behind);
}

/* CQ1: a replaced body says nothing of the envelope, however long its lines are. */
static void
test_replaced_body(void **state)
{
	struct buf file = BUF_INIT;
	struct arena arena = ARENA_INIT;
	struct queue_envelope envelope;
	struct queue_recipient *recipients;
	size_t count;
	off_t resume = 0;
	int fd;

	record_put(&file, RECORD_TIME, VIEW("1700000000"));
	record_put(&file, RECORD_SENDER, VIEW("a@example.com"));
	record_put(&file, RECORD_CONTENT, VIEW_EMPTY);
	put_replaced_body(&file);
	fd = file_of(buf_view(&file));
	assert_int_equal(queue_envelope_read(fd, &arena, &envelope, &recipients, &count, 10, &resume, NULL, NULL), QUEUE_READ_END);
	assert_int_equal(count, 1);
	assert_true(view_is(recipients[0].address, "b@example.com"));
	assert_int_equal(envelope.filter.len + envelope.redirect.len, 0);
	arena_fini(&arena);
	close(fd);
	buf_fini(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write), cmocka_unit_test(test_hold), cmocka_unit_test(test_abort),
		cmocka_unit_test(test_unique), cmocka_unit_test(test_envelopes), cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_mark_done), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_replaced_body),
	};

	return cmocka_run_group_tests(tests, enter, scratch_leave);
}
