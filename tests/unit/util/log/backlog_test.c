#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/log/backlog.h"

static struct buf sent;
static int room;	/* lines that are taken */

static bool
take(struct view line)
{
	if (room == 0)
		return false;
	room--;
	buf_putv(&sent, line);
	buf_putc(&sent, '|');
	return true;
}

static void
test_lines_go_in_their_order_each_once(void **state)
{
	struct backlog backlog = { BUF_INIT };

	assert_true(backlog_flush(&backlog, take));
	assert_true(backlog_keep(&backlog, VIEW("one")));
	assert_true(backlog_keep(&backlog, VIEW("")));
	assert_true(backlog_keep(&backlog, VIEW("three")));
	room = 2;
	assert_false(backlog_flush(&backlog, take));
	assert_true(backlog_keep(&backlog, VIEW("four")));
	room = 9;
	assert_true(backlog_flush(&backlog, take));
	assert_true(backlog_flush(&backlog, take));
	assert_string_equal(buf_c(&sent), "one||three|four|");
	backlog_drop(&backlog);
	buf_fini(&sent);
}

static void
test_it_is_bounded(void **state)
{
	struct backlog backlog = { BUF_INIT };
	int kept = 0;

	while (kept < 1000000 && backlog_keep(&backlog, VIEW("a line of some thirty bytes ...")))
		kept++;
	assert_in_range(kept, 1000, 100000);
	assert_in_range(backlog.lines.len, 1, 256 * 1024);
	backlog_drop(&backlog);
	assert_true(backlog_flush(&backlog, take));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_go_in_their_order_each_once),
		cmocka_unit_test(test_it_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
