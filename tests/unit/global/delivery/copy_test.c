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

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(copies_or_says_why_not) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
