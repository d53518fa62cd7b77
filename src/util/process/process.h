/*
 * process: identities and children.
 *
 * process_start() is the one way to start a foreign program: it restores signals, limits, umask and environment, closes
 * everything above 2, becomes the named user for good, and execs. The child leads its own process group. A command that
 * is fed and listened to is a struct process_child.
 */
#ifndef UTIL_PROCESS_PROCESS_H
#define UTIL_PROCESS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/base/arena.h"
#include "util/base/clock.h"
#include "util/base/process_id.h"
#include "util/text/buf.h"

struct identity {
	uid_t uid;
	gid_t gid;
	char *name;		/* for initgroups; NULL: no supplementary groups */
};

/* NSS, telling "no such user" (false, errno 0) from "could not ask" (false, errno set). */
bool	identity_of_user(const char *name, struct identity *out);
bool	group_id(const char *name, gid_t *out);
/* "user" or "user:group", without supplementary groups; false with a reason that says what is wrong with it. */
bool	identity_parse(const char *text, struct identity *out, struct buf *why);
void	identity_fini(struct identity *id);
/* Becomes id for good (groups, gid, uid), and proves that the way back is shut; fatal when it cannot. */
void	identity_become(const struct identity *id);
/*
 * For a while: effective ids only; fatal when it cannot. identity_restore() goes back to root. Assuming what is assumed
 * already, and restoring what is restored, costs nothing.
 */
void	identity_assume(const struct identity *id);
void	identity_restore(void);

struct process_spec {
	char *const *argv;		/* argv[0] is the path; no shell */
	bool search_path;		/* argv[0] is looked for in PATH */
	char *const *otherwise;		/* executed, argv[0] being a path, when that finds nothing; NULL: none */
	char *const *environment;	/* "NAME=value", NULL ended; nothing else is passed */
	const char *directory;		/* NULL: stay */
	const char *chroot;		/* NULL: none */
	const struct identity *as;	/* NULL: stay who we are */
	long long file_size_max;	/* of files it writes; 0: as for us */
	int input, output, error;	/* become 0, 1, 2; -1: /dev/null */
	bool foreground;		/* as if it were ourselves: our process group, and it ignores the signals that we ignore */
};

/* As fork(), tried again where the system has no room for a process now; 1 attempt unless somebody says more. */
pid_t	process_fork(void);
void	process_set_fork_attempts(int attempts, msec_t delay_ms);

/* What children get as their limit of open files, when ours was raised. */
void	process_set_files_limit(unsigned long long files);

/*
 * -1: could not start. A command that cannot be run says so on its standard error and exits with 71 (EX_OSERR: whoever
 * reads exit codes of mail commands tries again later).
 */
pid_t	process_start(const struct process_spec *spec, struct buf *why);

enum process_result { PROCESS_EXITED, PROCESS_KILLED, PROCESS_TIMEOUT };

struct process_outcome {
	enum process_result result;
	int status;		/* exit status or signal */
};

/* Waits for the end of a child; at the deadline kills its whole group. It is reaped in any case, and killed before. */
struct process_outcome process_wait(pid_t pid, msec_t deadline);

/* A command with a pipe to its input and one from its output and error. */
struct process_child {
	pid_t pid;
	int input, output, end;		/* our ends (-1: closed); a pidfd */
	msec_t deadline;
	size_t output_limit;
	struct buf *collected;
};

/* spec's own three descriptors do not matter. The first output_limit bytes of what it says are appended to output. */
bool	process_open(struct process_child *child, const struct process_spec *spec, msec_t deadline, size_t output_limit,
	    struct buf *output, struct buf *why);
/*
 * False when the deadline is over (ETIMEDOUT), or when we could not write, which is not the command's fault. One that
 * closes its input early loses the rest, which is no error.
 */
bool	process_feed(struct process_child *child, struct view bytes);
/* Ends its input, and waits for its end (not for that of what it left behind); at the deadline the group is killed. */
struct process_outcome process_close(struct process_child *child);
void	process_abort(struct process_child *child);	/* kills the group at once */

/*
 * Descriptors 0-2 are open (else /dev/null); signals, umask 077, environment reduced to the list of NAME, NAME=value and
 * { NAME = some value }.
 */
void	process_check_descriptors(void);
void	process_clean_environment(const char *import_list);
/*
 * The environment for a foreign program: PATH, and what the list names of ours or sets (NAME=value). Both are appended as
 * "NAME=value" strings that live as long as the arena.
 */
struct process_environment {
	struct arena *arena;
	char **list;		/* NULL ended */
	size_t count, room;
};
void	process_environment_init(struct process_environment *environment, struct arena *arena, const char *export_list);
void	process_environment_put(struct process_environment *environment, const char *name, struct view value);

#endif
