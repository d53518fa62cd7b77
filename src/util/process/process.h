/*
 * process: identities and children.
 *
 * process_run() is the one way to start a foreign program: it restores signals, limits, umask and environment, closes
 * everything above 2, becomes the named user for good, and execs. The child leads its own process group.
 */
#ifndef UTIL_PROCESS_PROCESS_H
#define UTIL_PROCESS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/base/clock.h"
#include "util/text/buf.h"

struct identity {
	uid_t uid;
	gid_t gid;
	char *name;		/* for initgroups; NULL: no supplementary groups */
};

/* NSS, telling "no such user" (false, errno 0) from "could not ask" (false, errno set). */
bool	identity_of_user(const char *name, struct identity *out);
bool	group_id(const char *name, gid_t *out);
void	identity_fini(struct identity *id);
/* Becomes id for good (groups, gid, uid), and proves that the way back is shut; fatal when it cannot. */
void	identity_become(const struct identity *id);
/* For a while: effective ids only; fatal when it cannot. identity_restore() goes back to root. */
void	identity_assume(const struct identity *id);
void	identity_restore(void);

struct process_spec {
	char *const *argv;		/* argv[0] is the path; no shell, no PATH search */
	char *const *environment;	/* "NAME=value", NULL ended; nothing else is passed */
	const char *directory;		/* NULL: stay */
	const char *chroot;		/* NULL: none */
	const struct identity *as;	/* NULL: stay who we are */
	int input, output, error;	/* become 0, 1, 2; -1: /dev/null */
};

pid_t	process_start(const struct process_spec *spec, struct buf *why);	/* -1: could not start */

enum process_result { PROCESS_EXITED, PROCESS_KILLED, PROCESS_TIMEOUT, PROCESS_FAILED };

struct process_outcome {
	enum process_result result;
	int status;		/* exit status or signal */
};

/*
 * Starts the command, feeds it the content of the descriptor `input`, collects at most output_limit bytes of output,
 * waits, kills the whole group at the deadline, reaps.
 */
struct process_outcome process_run(const struct process_spec *spec, msec_t deadline, size_t output_limit,
	    struct buf *output, struct buf *why);

/* Descriptors 0-2 are open (else /dev/null); signals, umask 077, environment reduced to the list of NAME and NAME=value. */
void	process_check_descriptors(void);
void	process_clean_environment(const char *import_list);

#endif
