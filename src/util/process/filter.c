#include "config.h"
#include "util/process/filter.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "util/log/log.h"
#include "util/process/bpf.h"
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
	return SECCOMP_RET_TRAP;
}

#else

static uint32_t
other_calls(bool strict)
{
	return strict ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | ENOSYS;
}

#endif

/* -- rules ------------------------------------------------------------------------------------------------------------- */

struct calls {
	struct bpf_call *list;
	size_t count, room;
};

/* Names that this libseccomp or this architecture does not know are left out. */
static void
add_call(struct calls *calls, struct view name, uint32_t action, const struct argument_rule *rule)
{
	char text[64] = "";
	int call;

	memcpy(text, name.data, name.len < sizeof(text) ? name.len : sizeof(text) - 1);
	if ((call = seccomp_syscall_resolve_name(text)) < 0)
		return;
	if (calls->count == calls->room) {
		calls->room = calls->room > 0 ? 2 * calls->room : 512;
		calls->list = mem_resize(calls->list, calls->room * sizeof(*calls->list));
	}
	calls->list[calls->count++] = (struct bpf_call){ (uint32_t)call, action, rule };
}

static void
add_calls(struct calls *calls, const char *names, uint32_t action)
{
	struct view rest = view_string(names), name;

	while (view_word(&rest, " ", &name))
		add_call(calls, name, action, NULL);
}

static void
add_promised(struct calls *calls, const char *words)
{
	for (const struct promise *p = promises; p->word != NULL; p++)
		if (sandbox_is_promised(words, p->word))
			add_calls(calls, p->calls, SECCOMP_RET_ALLOW);
	for (const struct argument_rule *rule = argument_rules; rule->word != NULL; rule++)
		if (sandbox_is_promised(words, rule->word))
			add_call(calls, view_string(rule->call), SECCOMP_RET_ALLOW, rule);
}

/* New processes are only not promised, but nobody makes new namespaces. */
static void
add_never_made(struct calls *calls)
{
#define NAMESPACE(flag)		{ "", "clone", { { 0, flag, flag } }, 1 }
	static const struct argument_rule namespaces[] = {
		NAMESPACE(CLONE_NEWNS), NAMESPACE(CLONE_NEWUTS), NAMESPACE(CLONE_NEWIPC), NAMESPACE(CLONE_NEWUSER),
		NAMESPACE(CLONE_NEWPID), NAMESPACE(CLONE_NEWNET), NAMESPACE(CLONE_NEWCGROUP),
	};

	add_calls(calls, never_made, SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < ARRAY_COUNT(namespaces); i++)
		add_call(calls, VIEW("clone"), SECCOMP_RET_KILL_PROCESS, &namespaces[i]);
}

/*
 * Without speculation barriers for the whole process: before Linux 5.16 a filter turned them on, and each cost more than
 * the filter. Kernels before 4.17 do not know the flag.
 */
static bool
load(const struct bpf_program *program, struct buf *why)
{
	const struct sock_fprog filter = { (unsigned short)program->len, program->code };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) == 0 ||
	    (errno == EINVAL && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0))
		return true;
	why_set(why, "seccomp: %s", strerror(errno));
	return false;
}

bool
filter_enter(const char *words, bool strict, struct buf *why)
{
	struct bpf_program program = { NULL, 0, 0 };
	struct calls calls = { NULL, 0, 0 };
	bool loaded;

	dies = strict;
	add_never_made(&calls);
	add_promised(&calls, words);
	bpf_make(&program, calls.list, calls.count, seccomp_arch_native(), other_calls(strict), SECCOMP_RET_KILL_PROCESS);
	loaded = load(&program, why);
	bpf_fini(&program);
	mem_free(calls.list);
	return loaded;
}

#endif
