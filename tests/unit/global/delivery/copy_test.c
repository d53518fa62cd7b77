/* copy: the content of a queue file, and what is said when it cannot be had. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "global/delivery/copy.h"
#include "global/queue/record.h"

static const struct {
	const char *name;
	int access;		/* O_WRONLY: what the disk says when it cannot be read, as near as we come */
	bool whole;
	int error;		/* 0: it is copied */
} cases[] = {
	{ "whole",              O_RDONLY, true,  0 },
	{ "cut off",            O_RDONLY, false, EILSEQ },
	{ "cannot be read now", O_WRONLY, true,  EIO },
};

static bool
collect(void *arg, struct view block, struct buf *why)
{
	buf_putv(arg, block);
	return true;
}

static int
queue_file(bool whole, int access)
{
	char path[] = "/tmp/copy_test.XXXXXX";
	int fd = mkstemp(path), again;
	struct buf text = BUF_INIT;

	record_put(&text, RECORD_LINE, VIEW("Subject: x"));
	if (whole)
		record_put(&text, RECORD_EXTRACTED, VIEW_EMPTY);
	assert_int_equal(write(fd, text.data, text.len), text.len);
	again = open(path, access);
	assert_int_not_equal(again, -1);
	unlink(path);
	close(fd);
	buf_fini(&text);
	return again;
}

/* Only a damaged file may be set aside as corrupt: a disk that fails for a while is no reason. */
static void
copies_or_says_why_not(void **state)
{
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct delivery_request request = { .fd = queue_file(cases[i].whole, cases[i].access) };
		struct copy_envelope envelope = { .flags = 0 };
		struct buf out = BUF_INIT, why = BUF_INIT;
		bool ok = message_copy_to(&request, &envelope, collect, &out, &why);

		if (ok != (cases[i].error == 0) || (!ok && errno != cases[i].error))
			fail_msg("%s: %d, %s", cases[i].name, ok, strerror(errno));
		close(request.fd);
		buf_fini(&out);
		buf_fini(&why);
	}
}

/* -- loops --------------------------------------------------------------------------------------------------------- */

/* A header in records of `piece` bytes, as line_length_limit divides it. */
static void
put_divided(struct buf *file, struct view line, size_t piece)
{
	for (; line.len > piece; line = view_slice(line, piece, line.len))
		record_put(file, RECORD_LONG, view_slice(line, 0, piece));
	record_put(file, RECORD_LINE, line);
}

static int
delivered_file(struct view address, size_t piece)
{
	char path[] = "/tmp/copy_test.XXXXXX";
	struct buf file = BUF_INIT, line = BUF_INIT;
	int fd = mkstemp(path);

	unlink(path);
	buf_printf(&line, "Delivered-To: %.*s", VIEW_ARG(address));
	put_divided(&file, VIEW("Subject: x"), piece);
	put_divided(&file, buf_view(&line), piece);
	put_divided(&file, VIEW("X: y"), piece);
	record_put(&file, RECORD_LINE, VIEW_EMPTY);
	record_put(&file, RECORD_LINE, VIEW("Delivered-To: body@example.com"));
	record_put(&file, RECORD_EXTRACTED, VIEW_EMPTY);
	assert_int_equal(write(fd, file.data, file.len), file.len);
	buf_fini(&file);
	buf_fini(&line);
	return fd;
}

/* HM8: a loop is seen however the header that tells of it is divided; HM7: and however short lines are. */
static void
loops_are_seen(void **state)
{
	static const size_t pieces[] = { 1, 2, 13, 14, 15, 100, 2048, 10000 }, lengths[] = { 1, 64, 3000 };

	for (size_t i = 0; i < ARRAY_COUNT(pieces) * ARRAY_COUNT(lengths); i++) {
		struct buf address = BUF_INIT;
		struct delivery_request request = { 0 };

		for (size_t n = 0; n < lengths[i / ARRAY_COUNT(pieces)]; n++)
			buf_putc(&address, 'x');
		buf_puts(&address, "@example.com");
		request.fd = delivered_file(buf_view(&address), pieces[i % ARRAY_COUNT(pieces)]);
		if (!message_was_delivered_to(&request, buf_view(&address)))
			fail_msg("%zu bytes in pieces of %zu", address.len, pieces[i % ARRAY_COUNT(pieces)]);
		buf_truncate(&address, address.len - 1);
		assert_false(message_was_delivered_to(&request, buf_view(&address)));
		assert_false(message_was_delivered_to(&request, VIEW("body@example.com")));
		close(request.fd);
		buf_fini(&address);
	}
}

/* -- what a line begins with ----------------------------------------------------------------------------------------- */

static const struct {
	const char *line, *quoted;
} beginnings[] = {
	{ "From me", ">From me" },
	{ "From ", ">From " },
	{ "From", "From" },
	{ ">From me", ">From me" },
	{ "Frost", "Frost" },
	{ ".", ".." },
	{ ".From me", "..From me" },
	{ "", "" },
};

/* Both buffers end here. */
static void
expect_copy(struct buf *file, const struct copy_envelope *envelope, struct buf *want)
{
	char path[] = "/tmp/copy_test.XXXXXX";
	struct delivery_request request = { .fd = mkstemp(path) };
	struct buf out = BUF_INIT;

	unlink(path);
	record_put(file, RECORD_EXTRACTED, VIEW_EMPTY);
	assert_int_equal(write(request.fd, file->data, file->len), file->len);
	assert_true(message_copy_to(&request, envelope, collect, &out, NULL));
	assert_string_equal(buf_c(&out), buf_c(want));
	close(request.fd);
	buf_fini(&out);
	buf_fini(want);
	buf_fini(file);
}

/* A line that would be taken for the next message is quoted, however short the records are in which it came. */
static void
quotes_divided_lines(void **state)
{
	struct buf file = BUF_INIT, want = BUF_INIT;
	struct copy_envelope envelope = { .flags = COPY_QUOTE_FROM | COPY_DOT_STUFF };

	for (size_t piece = 1; piece < 8; piece++) {
		for (size_t i = 0; i < ARRAY_COUNT(beginnings); i++) {
			record_put(&file, RECORD_LONG, VIEW_EMPTY);
			put_divided(&file, view_string(beginnings[i].line), piece);
			buf_printf(&want, "%s\n", beginnings[i].quoted);
		}
	}
	expect_copy(&file, &envelope, &want);
}

/* The same where what was gathered is handed on, which must not happen in the middle of such a beginning. */
static void
quotes_at_the_end_of_blocks(void **state)
{
	for (size_t before = 65520; before < 65545; before++) {
		struct buf file = BUF_INIT, want = BUF_INIT;
		struct copy_envelope envelope = { .flags = COPY_QUOTE_FROM };

		for (size_t n = 0; n < before; n++)
			buf_putc(&want, 'x');
		record_put(&file, RECORD_LINE, buf_view(&want));
		put_divided(&file, VIEW("From me"), 2);
		buf_puts(&want, "\n>From me\n");
		expect_copy(&file, &envelope, &want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_or_says_why_not), cmocka_unit_test(loops_are_seen),
		cmocka_unit_test(quotes_divided_lines), cmocka_unit_test(quotes_at_the_end_of_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
