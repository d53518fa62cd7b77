/* RX4: sizes near the ends of their type. */
#include "util/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/base/arena.h"
#include "util/text/buf.h"

static void
test_zero_is_a_size(void **state)
{
	char *p = mem_new(0);

	assert_non_null(p);
	p = mem_resize(p, 0);
	p = mem_resize(p, 10);
	p[9] = 'x';
	mem_free(mem_resize(p, 0));
	mem_free(mem_new_array(0, SIZE_MAX));
	mem_free(mem_new_array(SIZE_MAX, 0));
	mem_free(mem_dup("", 0));
	mem_free(NULL);
}

static void
too_many(void)
{
	mem_new_array(SIZE_MAX / 2, 3);
}

static void
too_large(void)
{
	mem_new(SIZE_MAX);
}

static void
too_large_in_arena(void)
{
	struct arena arena = ARENA_INIT;

	arena_alloc(&arena, SIZE_MAX - 3);
}

static void
too_many_in_arena(void)
{
	struct arena arena = ARENA_INIT;

	arena_alloc_array(&arena, SIZE_MAX / 4, 5);
}

static void
too_large_for_buf(void)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, "some text");
	buf_reserve(&text, SIZE_MAX - 4);
}

/* The process ends with a line in the log; nothing is made smaller than it was asked for. */
static void
test_impossible_sizes_end_the_process(void **state)
{
	static void (*const attempts[])(void) = {
		too_many, too_large, too_large_in_arena, too_many_in_arena, too_large_for_buf,
	};

	for (size_t i = 0; i < ARRAY_COUNT(attempts); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			attempts[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status == 0)
			fail_msg("attempt %zu came to an end", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_is_a_size), cmocka_unit_test(test_impossible_sizes_end_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
