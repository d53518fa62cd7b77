#include "util/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
allocations_are_aligned_and_apart(void **state)
{
	enum { COUNT = 500 };
	struct arena arena = ARENA_INIT;
	unsigned char *taken[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		taken[i] = arena_alloc(&arena, i + 1);
		assert_int_equal((uintptr_t)taken[i] % _Alignof(max_align_t), 0);
		assert_int_equal(taken[i][i], 0);
		memset(taken[i], (int)(i & 0xff), i + 1);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j <= i; j++)
			assert_int_equal(taken[i][j], i & 0xff);
	arena_fini(&arena);
	assert_null(arena.first);
}

/* A small round after a large one finds its memory, and has it zeroed again. */
static void
reset_keeps_one_block(void **state)
{
	struct arena arena = ARENA_INIT;
	const struct arena_block *kept;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++)
			memset(arena_alloc(&arena, 100), 0xff, 100);
		assert_true(arena.total >= 10000);
		arena_reset(&arena);
		assert_int_equal(arena.total, 0);
		assert_non_null(kept = arena.first);
		assert_ptr_equal(arena.current, kept);
		assert_int_equal(*(char *)arena_alloc(&arena, 100), 0);
		assert_ptr_equal(arena.first, kept);
	}
	arena_fini(&arena);
}

static void
reset_gives_a_very_large_block_back(void **state)
{
	struct arena arena = ARENA_INIT;

	arena_alloc(&arena, 1);
	arena_alloc(&arena, 1024 * 1024);
	arena_reset(&arena);
	assert_null(arena.first);
	assert_string_equal(arena_string(&arena, VIEW("again")), "again");
	arena_reset(&arena);
	arena_reset(&arena);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_are_aligned_and_apart),
		cmocka_unit_test(reset_keeps_one_block),
		cmocka_unit_test(reset_gives_a_very_large_block_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
