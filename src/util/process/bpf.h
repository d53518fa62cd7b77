/*
 * bpf: makes the program of a system call filter from a list of calls. Internal to the sandbox.
 *
 * libseccomp can do this as well, and took a millisecond and a half each time, about a quarter of what starting a service
 * costs; so it only tells us the numbers of calls.
 */
#ifndef UTIL_PROCESS_BPF_H
#define UTIL_PROCESS_BPF_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "util/process/promises.h"

struct bpf_call {
	uint32_t call;				/* its number */
	uint32_t action;			/* SECCOMP_RET_… */
	const struct argument_rule *rule;	/* only with such arguments; NULL: always */
};

struct bpf_program {
	struct sock_filter *code;
	size_t len, room;
};

/*
 * What the list says about a call without conditions wins; else the first condition that holds; else, and for calls that
 * are not listed, it is `other`. The list is sorted in place. Calls of another architecture get `foreign`.
 */
void	bpf_make(struct bpf_program *program, struct bpf_call *calls, size_t count, uint32_t arch, uint32_t other,
	    uint32_t foreign);
void	bpf_fini(struct bpf_program *program);

#endif
