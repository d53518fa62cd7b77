/*
 * master_protocol: what master and its children agree on. Number it anew with each change.
 *
 * Descriptors in a child: 0-2; 3 flow-control read end, 4 write end, 5 status pipe, 6… listen sockets (-s says how many).
 * Services that have one process at a time also get a page of memory that outlives the process (service_memo()); the
 * processes of others share one that says who of them is idle (pool.h). BUSY and IDLE are written by whoever sees nobody
 * else idle. A status note is one struct written to the pipe whole (PIPE_BUF guarantees it is not torn).
 */
#ifndef SERVICE_MASTER_PROTOCOL_H
#define SERVICE_MASTER_PROTOCOL_H

#include <stdint.h>

#include "global/config/snapshot.h"

#define MASTER_PROTOCOL_VERSION	2
#define MASTER_GENERATION_ENV	"GENERATION"		/* octal */
#define MASTER_FILES_ENV	"POSTHASTE_FILES"	/* how many open files master found allowed; ours are as many as there can be */
#define MASTER_MEMO_ENV		"POSTHASTE_MEMO"	/* descriptor of the page; it is all zeros at first */
#define MASTER_POOL_ENV		"POSTHASTE_POOL"	/* "<place>:<descriptor>" */
#define MASTER_SNAPSHOT_ENV	SNAPSHOT_ENV		/* "<version>:<fd>" of the sealed configuration */

enum { MASTER_FLOW_READ_FD = 3, MASTER_FLOW_WRITE_FD = 4, MASTER_STATUS_FD = 5, MASTER_LISTEN_FD = 6 };

enum master_note_state { MASTER_NOTE_BUSY = 1, MASTER_NOTE_IDLE = 2, MASTER_NOTE_SERVED = 3 };

struct master_note {
	uint32_t pid, generation, state;
};

#endif
