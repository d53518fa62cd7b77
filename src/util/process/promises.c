#include "util/process/promises.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "util/base/mem.h"

/*
 * Several spellings of one call stand here, since the C library chooses by release and architecture. What only newer
 * kernels have is listed too: a name that is unknown here is harmless.
 */
const struct promise promises[] = {
	{ "stdio", NULL,
	    /* what is open */
	    "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek close close_range "
	    "dup dup2 dup3 fcntl fcntl64 flock fstat fstat64 fsync fdatasync pipe pipe2 "
	    /* looking at names */
	    "stat stat64 lstat lstat64 newfstatat fstatat64 statx access faccessat faccessat2 readlink readlinkat getcwd "
	    "statfs statfs64 fstatfs fstatfs64 "
	    /* waiting */
	    "poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl "
	    "epoll_wait epoll_pwait epoll_pwait2 eventfd2 signalfd4 nanosleep clock_nanosleep clock_nanosleep_time64 pause "
	    /* clients, the log */
	    "accept accept4 connect shutdown send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 "
	    "getsockopt setsockopt getsockname getpeername socketpair "
	    /* memory; executable memory is among the argument rules */
	    "brk munmap mremap madvise mincore mlock munlock msync membarrier futex futex_time64 futex_waitv "
	    "set_robust_list get_robust_list set_tid_address rseq "
	    /* time */
	    "clock_gettime clock_gettime64 clock_getres clock_getres_time64 gettimeofday time times alarm setitimer getitimer "
	    "timer_create timer_settime timer_settime64 timer_gettime timer_gettime64 timer_getoverrun timer_delete "
	    "timerfd_create timerfd_settime timerfd_settime64 timerfd_gettime timerfd_gettime64 "
	    /* signals, end */
	    "rt_sigaction rt_sigprocmask rt_sigreturn sigreturn rt_sigpending rt_sigtimedwait rt_sigtimedwait_time64 "
	    "rt_sigsuspend sigaltstack sigaction sigprocmask restart_syscall exit exit_group "
	    /* who we are */
	    "getpid getppid gettid getpgrp getpgid getsid getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 "
	    "getresuid getresuid32 getresgid getresgid32 getgroups getgroups32 getrandom uname sysinfo umask getrlimit "
	    "ugetrlimit prlimit64 getrusage sched_yield sched_getaffinity getcpu capget" },
	{ "file-read", NULL, "open openat openat2 getdents getdents64 fadvise64 fadvise64_64 readahead sendfile sendfile64 "
	    "copy_file_range chdir fchdir" },
	{ "file-write", "file-read", "unlink unlinkat rename renameat renameat2 link linkat mkdir mkdirat rmdir ftruncate "
	    "ftruncate64 truncate fallocate fchmod chmod fchmodat utime utimes utimensat utimensat_time64 futimesat "
	    "sync_file_range" },
	{ "queue-read", "file-read", "" },
	{ "queue-write", "queue-read", "unlink unlinkat ftruncate ftruncate64 fallocate fchmod utime utimes utimensat "
	    "utimensat_time64 sync_file_range" },
	{ "queue-create", "queue-write", "rename renameat renameat2 link linkat mkdir mkdirat chmod fchmodat" },
	{ "unix-connect", NULL, "" },
	{ "net-connect", "unix-connect", "bind" },
	{ "nss", "unix-connect", "open openat getdents getdents64" },
	{ "dns", "nss", "bind" },
	{ "setid", "nss", "setresuid setresuid32 setresgid setresgid32 setreuid setreuid32 setregid setregid32 setuid setuid32 "
	    "setgid setgid32 setgroups setgroups32 setfsuid setfsgid fchown fchown32 fchownat chown chown32 lchown" },
	{ NULL, NULL, NULL }
};

#define SOCKET_TYPE		0xf		/* without SOCK_NONBLOCK and SOCK_CLOEXEC */
#define ALL_BITS		0xffffffff
#define IS(index, value)	{ index, ALL_BITS, value }
#define HAS_NOT(index, bit)	{ index, bit, 0 }

const struct argument_rule argument_rules[] = {
	{ "stdio", "socket", { IS(0, AF_UNIX), { 1, SOCKET_TYPE, SOCK_DGRAM } }, 2 },	/* the log socket, when it vanished */
	{ "unix-connect", "socket", { IS(0, AF_UNIX) }, 1 },
	{ "net-connect", "socket", { IS(0, AF_INET) }, 1 },
	{ "net-connect", "socket", { IS(0, AF_INET6) }, 1 },
	{ "dns", "socket", { IS(0, AF_INET) }, 1 },
	{ "dns", "socket", { IS(0, AF_INET6) }, 1 },
	{ "dns", "socket", { IS(0, AF_NETLINK) }, 1 },		/* which addresses have we? */
	{ "stdio", "mmap", { HAS_NOT(2, PROT_EXEC) }, 1 },
	{ "stdio", "mmap2", { HAS_NOT(2, PROT_EXEC) }, 1 },
	{ "stdio", "mprotect", { HAS_NOT(2, PROT_EXEC) }, 1 },
	{ "stdio", "ioctl", { IS(1, FIONREAD) }, 1 },
	{ "stdio", "ioctl", { IS(1, FIONBIO) }, 1 },
	{ "stdio", "ioctl", { IS(1, TCGETS) }, 1 },		/* isatty */
	{ "stdio", "ioctl", { IS(1, SIOCGIFINDEX) }, 1 },	/* scopes of addresses */
	{ "stdio", "ioctl", { IS(1, SIOCGIFNAME) }, 1 },
	{ "stdio", "prctl", { IS(0, PR_SET_NAME) }, 1 },
	{ "stdio", "prctl", { IS(0, PR_GET_DUMPABLE) }, 1 },
	{ "nss", "prctl", { IS(0, PR_CAPBSET_READ) }, 1 },
	{ "stdio", "kill", { IS(0, ARGUMENT_OWN_PID) }, 1 },
	{ "stdio", "tgkill", { IS(0, ARGUMENT_OWN_PID) }, 1 },	/* raise, abort */
	{ NULL, NULL, { { 0, 0, 0 } }, 0 }
};

const char never_made[] =
	/* programs, and the insides of other processes */
	"execve execveat ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp userfaultfd "
	/* the file tree */
	"mount umount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr chroot "
	"open_by_handle_at swapon swapoff quotactl quotactl_fd acct "
	/* the kernel */
	"bpf init_module finit_module delete_module create_module query_module kexec_load kexec_file_load reboot "
	"perf_event_open iopl ioperm modify_ldt lookup_dcookie add_key request_key keyctl io_uring_setup io_uring_enter "
	"io_uring_register "
	/* other worlds and times */
	"unshare setns settimeofday clock_settime clock_settime64 adjtimex clock_adjtime stime sethostname setdomainname "
	"personality vhangup";

const struct promise *
promise_find(struct view word)
{
	for (const struct promise *p = promises; p->word != NULL; p++)
		if (view_is(word, p->word))
			return p;
	return NULL;
}

static bool
lists(const char *calls, const char *call)
{
	struct view rest = view_string(calls), word;

	while (view_word(&rest, " ", &word))
		if (view_is(word, call))
			return true;
	return false;
}

bool
promise_knows_call(const char *call)
{
	for (const struct promise *p = promises; p->word != NULL; p++)
		if (lists(p->calls, call))
			return true;
	for (const struct argument_rule *rule = argument_rules; rule->word != NULL; rule++)
		if (strcmp(rule->call, call) == 0)
			return true;
	return false;
}
