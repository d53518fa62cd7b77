#include "config.h"
#include "util/process/filter.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

#include "util/log/log.h"
#include "util/process/promises.h"

/* -- what becomes of a call that was not promised --------------------------------------------------------------------- */

/*
 * On these architectures the call traps, so that our handler can log it and make up its result; on others it fails
 * silently. The place of the result is what the kernel's ABI says.
 */
#if defined(__x86_64__)
#define RESULT_OF(context)	(context)->uc_mcontext.gregs[REG_RAX]
#elif defined(__aarch64__)
#define RESULT_OF(context)	(context)->uc_mcontext.regs[0]
#endif

/* One filter per process; what its handler needs. */
static bool dies;
static unsigned refused;

unsigned
filter_refused(void)
{
	return refused;
}

#ifdef RESULT_OF

static void
report(const char *name, int call)
{
	log_warn("sandbox: system call %s (%d) was not promised%s", name != NULL ? name : "unknown", call,
	    dies ? "" : " and is refused; further ones are not logged");
}

/*
 * Comes in the middle of the call and of nothing else. That it is safe to allocate and log here rests on the calls that
 * the allocator and the log make themselves: all are promised by everyone, so neither was interrupted. Should logging
 * trap nevertheless, it comes here again, and is not logged.
 */
static void
trapped(int signal_number, siginfo_t *info, void *context)
{
	int saved = errno, call = info->si_syscall;
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);

	if (dies)
		signal(SIGSYS, SIG_DFL);
	if (refused++ == 0)
		report(name, call);
	if (dies)
		raise(SIGSYS);
	RESULT_OF((ucontext_t *)context) = name != NULL && promise_knows_call(name) ? -EPERM : -ENOSYS;
	free(name);
	errno = saved;
}

static uint32_t
other_calls(bool strict)
{
	struct sigaction action = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigemptyset(&action.sa_mask);
	sigaction(SIGSYS, &action, NULL);
	return SCMP_ACT_TRAP;
}

#else

static uint32_t
other_calls(bool strict)
{
	return strict ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(ENOSYS);
}

#endif

/* -- rules ------------------------------------------------------------------------------------------------------------- */

/* Names that this libseccomp or this architecture does not know are left out; so is what a wider rule covers. */
static bool
is_harmless(int result)
{
	return result == 0 || result == -EEXIST || result == -EDOM;
}

static int
add_call(scmp_filter_ctx filter, uint32_t action, struct view name)
{
	struct buf text = BUF_INIT;
	int call, result = 0;

	buf_putv(&text, name);
	call = seccomp_syscall_resolve_name(buf_c(&text));
	buf_fini(&text);
	if (call >= 0)
		result = seccomp_rule_add_array(filter, action, call, 0, NULL);
	return is_harmless(result) ? 0 : result;
}

static int
add_calls(scmp_filter_ctx filter, uint32_t action, const char *names)
{
	struct view rest = view_string(names), name;
	int result = 0;

	while (result == 0 && view_word(&rest, " ", &name))
		result = add_call(filter, action, name);
	return result;
}

static int
add_argument_rule(scmp_filter_ctx filter, const struct argument_rule *rule)
{
	int call = seccomp_syscall_resolve_name(rule->call), result = 0;
	struct scmp_arg_cmp wanted[2];

	for (unsigned i = 0; i < rule->count; i++) {
		const struct argument *argument = &rule->arguments[i];
		uint64_t value = argument->value == ARGUMENT_OWN_PID ? (uint64_t)getpid() : argument->value;

		wanted[i] = SCMP_CMP64(argument->index, SCMP_CMP_MASKED_EQ, argument->mask, value);
	}
	if (call >= 0)
		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, rule->count, wanted);
	return is_harmless(result) ? 0 : result;
}

static int
add_promised(scmp_filter_ctx filter, const char *words)
{
	int result = 0;

	for (const struct promise *p = promises; p->word != NULL && result == 0; p++)
		if (sandbox_is_promised(words, p->word))
			result = add_calls(filter, SCMP_ACT_ALLOW, p->calls);
	for (const struct argument_rule *rule = argument_rules; rule->word != NULL && result == 0; rule++)
		if (sandbox_is_promised(words, rule->word))
			result = add_argument_rule(filter, rule);
	return result;
}

/* New processes are only not promised, but nobody makes new namespaces. */
static int
add_never_made(scmp_filter_ctx filter)
{
	static const uint64_t namespaces[] = { CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID,
		CLONE_NEWNET, CLONE_NEWCGROUP };
	int result = add_calls(filter, SCMP_ACT_KILL_PROCESS, never_made);

	for (size_t i = 0; i < ARRAY_COUNT(namespaces) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
		    SCMP_A0_64(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	return result;
}

/*
 * A tree instead of a list of comparisons; no speculation barriers for the whole process (before Linux 5.16 a filter
 * turned them on, and each cost more than the filter).
 */
static int
set_attributes(scmp_filter_ctx filter)
{
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	return seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
}

bool
filter_enter(const char *words, bool strict, struct buf *why)
{
	scmp_filter_ctx filter = seccomp_init(other_calls(strict));
	int result = filter != NULL ? set_attributes(filter) : -ENOMEM;

	dies = strict;
	if (result == 0)
		result = add_never_made(filter);
	if (result == 0)
		result = add_promised(filter, words);
	if (result == 0)
		result = seccomp_load(filter);
	if (result != 0)
		why_set(why, "seccomp: %s", strerror(-result));
	seccomp_release(filter);
	return result == 0;
}

#endif
