#include "util/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/base/mem.h"

/* A process of its own says what it makes of a key. */
static uint64_t
hash_elsewhere(void)
{
	uint64_t value = 0;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		value = hash_bytes(VIEW("key"));
		_exit(write(ends[1], &value, sizeof(value)) == sizeof(value) ? 0 : 1);
	}
	assert_int_equal(read(ends[0], &value, sizeof(value)), sizeof(value));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(ends[0]);
	close(ends[1]);
	return value;
}

/* RX1: who knows the function does not know the seed, and cannot choose keys that meet. First of all tests. */
static void
test_each_process_has_a_seed(void **state)
{
	uint64_t one = hash_elsewhere(), other = hash_elsewhere();

	assert_true(one != other);
	assert_true(hash_bytes(VIEW("key")) == hash_bytes(VIEW("key")));
}

/* Keys that differ little, as addresses do, fill a table evenly all the same. */
static void
test_similar_keys_spread(void **state)
{
	enum { KEYS = 1 << 12, BUCKETS = 1 << 8 };
	static unsigned filled[BUCKETS];
	unsigned most = 0;

	for (unsigned i = 0; i < KEYS; i++) {
		char key[40];
		int len = snprintf(key, sizeof(key), "2001:db8::%x:%x", i >> 6, i & 63);

		filled[hash_bytes(view_bytes(key, (size_t)len)) % BUCKETS]++;
	}
	for (size_t i = 0; i < BUCKETS; i++)
		most = filled[i] > most ? filled[i] : most;
	assert_true(most < 5 * KEYS / BUCKETS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_process_has_a_seed), cmocka_unit_test(test_similar_keys_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
