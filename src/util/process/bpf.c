#include "util/process/bpf.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/base/mem.h"

/* Calls from `first` up to the next range; those with conditions stand alone. */
struct range {
	uint32_t first, action;
	const struct bpf_call *conditions;	/* NULL: none */
	size_t condition_count;
};

static void
emit(struct bpf_program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (p->len == p->room) {
		p->room = p->room > 0 ? 2 * p->room : 256;
		p->code = mem_resize(p->code, p->room * sizeof(*p->code));
	}
	p->code[p->len++] = (struct sock_filter){ code, yes, no, k };
}

static void
emit_answer(struct bpf_program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* Numbers are compared by their lower half: those that we look at are ints to the kernel as well. */
static uint32_t
place_of_argument(unsigned index)
{
	size_t place = offsetof(struct seccomp_data, args) + index * sizeof(uint64_t);

	return (uint32_t)place + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0);
}

static void
emit_condition(struct bpf_program *p, const struct bpf_call *call)
{
	enum { PER_ARGUMENT = 3 };
	const struct argument_rule *rule = call->rule;

	for (unsigned i = 0; i < rule->count; i++) {
		const struct argument *argument = &rule->arguments[i];
		uint64_t value = argument->value == ARGUMENT_OWN_PID ? (uint64_t)getpid() : argument->value;
		unsigned rest = (rule->count - 1 - i) * PER_ARGUMENT + 1;

		emit(p, BPF_LD | BPF_W | BPF_ABS, place_of_argument(argument->index), 0, 0);
		emit(p, BPF_ALU | BPF_AND | BPF_K, (uint32_t)argument->mask, 0, 0);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)value, 0, (uint8_t)rest);
	}
	emit_answer(p, call->action);
}

static void
emit_range(struct bpf_program *p, const struct range *range)
{
	for (size_t i = 0; i < range->condition_count; i++)
		emit_condition(p, &range->conditions[i]);
	emit_answer(p, range->action);
}

/* Halves: a conditional jump reaches 255 instructions only, an unconditional one all. */
static void
emit_tree(struct bpf_program *p, const struct range *ranges, size_t count)
{
	size_t jump;

	if (count == 1) {
		emit_range(p, ranges);
		return;
	}
	emit(p, BPF_JMP | BPF_JGE | BPF_K, ranges[count / 2].first, 0, 1);
	jump = p->len;
	emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_tree(p, ranges, count / 2);
	p->code[jump].k = (uint32_t)(p->len - jump - 1);
	emit_tree(p, ranges + count / 2, count - count / 2);
}

static int
compare(const void *a, const void *b)
{
	const struct bpf_call *one = a, *other = b;

	if (one->call != other->call)
		return one->call < other->call ? -1 : 1;
	return (one->rule != NULL) - (other->rule != NULL);	/* those without conditions first */
}

static size_t
same_call(const struct bpf_call *calls, size_t count)
{
	size_t n = 1;

	while (n < count && calls[n].call == calls[0].call)
		n++;
	return n;
}

/* Neighbours that are treated alike become one. */
static size_t
add_range(struct range *ranges, size_t n, struct range range)
{
	bool alike = n > 0 && ranges[n - 1].condition_count == 0 && range.condition_count == 0 &&
	    ranges[n - 1].action == range.action;

	if (!alike)
		ranges[n++] = range;
	return n;
}

static size_t
make_ranges(struct range *ranges, const struct bpf_call *calls, size_t count, uint32_t other)
{
	uint32_t next = 0;
	size_t n = 0;

	for (size_t i = 0, same; i < count; i += same) {
		bool always = calls[i].rule == NULL;
		struct range range = { calls[i].call, always ? calls[i].action : other, always ? NULL : &calls[i], 0 };

		same = same_call(calls + i, count - i);
		range.condition_count = always ? 0 : same;
		if (range.first > next)
			n = add_range(ranges, n, (struct range){ next, other, NULL, 0 });
		n = add_range(ranges, n, range);
		next = range.first + 1;
	}
	return add_range(ranges, n, (struct range){ next, other, NULL, 0 });
}

void
bpf_make(struct bpf_program *p, struct bpf_call *calls, size_t count, uint32_t arch, uint32_t other, uint32_t foreign)
{
	struct range *ranges = mem_new_array(2 * count + 1, sizeof(*ranges));

	qsort(calls, count, sizeof(*calls), compare);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0);
	emit_answer(p, foreign);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit_tree(p, ranges, make_ranges(ranges, calls, count, other));
	mem_free(ranges);
}

void
bpf_fini(struct bpf_program *p)
{
	mem_free(p->code);
	p->code = NULL;
}
