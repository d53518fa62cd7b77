/* Filter programs, run by a small interpreter against what the list says, for every call number around. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <linux/seccomp.h>

#include "util/base/mem.h"
#include "util/process/bpf.h"

enum { ALLOW = 1, KILL, OTHER, FOREIGN, CALLS = 400, ARCH = 77 };

static uint32_t
load(const struct seccomp_data *data, uint32_t place)
{
	uint32_t word;

	assert_true(place + sizeof(word) <= sizeof(*data));
	memcpy(&word, (const char *)data + place, sizeof(word));
	return word;
}

static uint32_t
run(const struct bpf_program *p, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < p->len; at++) {
		const struct sock_filter *i = &p->code[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS: a = load(data, i->k); break;
		case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
		case BPF_JMP | BPF_JA: at += i->k; break;
		case BPF_JMP | BPF_JEQ | BPF_K: at += a == i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JGE | BPF_K: at += a >= i->k ? i->jt : i->jf; break;
		case BPF_RET | BPF_K: return i->k;
		default: fail_msg("instruction %x", i->code);
		}
	}
	fail_msg("ran off the end");
	return 0;
}

static bool
holds(const struct argument_rule *rule, const struct seccomp_data *data)
{
	for (unsigned i = 0; rule != NULL && i < rule->count; i++)
		if ((data->args[rule->arguments[i].index] & rule->arguments[i].mask) != rule->arguments[i].value)
			return false;
	return true;
}

/* What the list says: unconditional entries first. */
static uint32_t
meant(const struct bpf_call *calls, size_t count, const struct seccomp_data *data)
{
	for (int conditional = 0; conditional <= 1; conditional++)
		for (size_t i = 0; i < count; i++)
			if (calls[i].call == (uint32_t)data->nr && (calls[i].rule != NULL) == (conditional != 0) &&
			    holds(calls[i].rule, data))
				return calls[i].action;
	return OTHER;
}

static void
check(struct bpf_call *calls, size_t count)
{
	struct bpf_program program = { NULL, 0, 0 };

	bpf_make(&program, calls, count, ARCH, OTHER, FOREIGN);
	for (int n = -2; n < CALLS + 10; n++) {
		for (uint64_t bits = 0; bits < 16; bits++) {
			struct seccomp_data data = { .nr = n, .arch = ARCH, .args = { bits & 3, bits >> 2 } };

			assert_int_equal(run(&program, &data), meant(calls, count, &data));
			data.arch = ARCH + 1;
			assert_int_equal(run(&program, &data), FOREIGN);
		}
	}
	bpf_fini(&program);
}

static const struct argument_rule conditions[] = {
	{ "", "", { { 0, 1, 1 } }, 1 },
	{ "", "", { { 0, 3, 2 }, { 1, 2, 0 } }, 2 },
	{ "", "", { { 1, 3, 3 } }, 1 },
};

static void
test_nothing(void **state)
{
	struct bpf_call none[1];

	check(none, 0);
}

static void
test_a_few(void **state)
{
	struct bpf_call calls[] = {
		{ 3, ALLOW, NULL }, { 0, ALLOW, NULL }, { 1, ALLOW, NULL }, { 2, KILL, NULL }, { 2, KILL, NULL },
		{ 7, ALLOW, &conditions[0] }, { 7, ALLOW, &conditions[1] }, { 8, KILL, &conditions[2] },
		{ 3, ALLOW, &conditions[1] },
	};

	check(calls, ARRAY_COUNT(calls));
}

/* More than a conditional jump can reach. */
static void
test_many(void **state)
{
	struct bpf_call calls[CALLS];

	for (uint32_t i = 0; i < CALLS; i++)
		calls[i] = (struct bpf_call){ CALLS - i, i % 3 == 0 ? KILL : ALLOW, i % 5 == 0 ? &conditions[i % 3] : NULL };
	check(calls, CALLS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_a_few),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
