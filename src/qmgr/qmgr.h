/*
 * qmgr: the queue manager's parts outside the scheduler: scanning, loading, resolving, talking to agents, and what
 * becomes of a message in the end. One struct qmgr holds all that the process knows.
 */
#ifndef QMGR_QMGR_H
#define QMGR_QMGR_H

#include "global/client/bounce.h"
#include "global/client/flush.h"
#include "global/client/resolve.h"
#include "qmgr/config.h"
#include "qmgr/schedule/schedule.h"
#include "service/service.h"
#include "util/event/loop.h"

enum { SCAN_INCOMING, SCAN_DEFERRED, SCAN_COUNT };

struct scan {
	const char *queue;
	struct queue_scan *walk;	/* NULL: not running */
	bool again;			/* asked for while it ran */
	bool all, all_again;		/* ignore time stamps */
	bool flush, flush_again;	/* ignore defer_transports */
};

struct qmgr {
	struct service_context *service;
	const struct qmgr_config *config;
	struct loop *loop;
	struct schedule schedule;
	struct resolver_async *resolver;
	struct fast_flush fast_flush;
	struct hash *mails;		/* by queue id */
	size_t resolving;		/* messages with an open file */
	struct scan scans[SCAN_COUNT];
	int next_scan;			/* they alternate */
	struct loop_timer turn, wakeup, deferred_run;
	struct list agents;		/* all of them, for the end of the process */
	struct list refills;		/* messages to be read on */
	struct hash *setbacks;		/* messages whose files cannot say until when they wait, by queue id */
	struct list setback_list;
	struct loading *loading;	/* NULL: no memory outlives us */
	size_t notices;			/* asked of the bounce services, not answered yet */
	size_t probes;			/* address probes of our own in memory */
	msec_t counted;			/* when the tokens of the receivers were counted last */
	struct timeval started;
	bool stopping;
	msec_t leave_at;
};

/* A message in active. */
struct mail {
	struct message message;		/* what the scheduler sees */
	struct qmgr *qmgr;
	struct arena arena;		/* of the envelope */
	char *id;
	struct list refill_link;
	struct queue_envelope envelope;
	struct timeval queued;		/* when it came to active */
	int fd;				/* while it is read and resolved; locked */
	off_t resume;			/* where to read on; 0: all was read */
	bounce_done *answered;		/* the step behind a notice */
	struct resolution *resolution;	/* while recipients are resolved */
	bool deferred;			/* somebody must be tried again */
	bool untold;			/* a notice about others could not be made: their log is all there is */
	bool marked;			/* … and somebody need not: there may be a mark that is not on disk */
	bool gone;			/* an agent found no file */
	bool flush;			/* un-throttle what it meets, ignore defer_transports */
	bool expire;			/* forced */
	bool probe_counted;
};

/* -- qmgr.c: the turn ---------------------------------------------------------------------------------------------- */

void	qmgr_wake(struct qmgr *qmgr);		/* something changed: take a turn soon */

/* -- scan.c -------------------------------------------------------------------------------------------------------- */

void	scan_request(struct qmgr *qmgr, int which, bool all, bool flush);
bool	scan_feed(struct qmgr *qmgr);		/* loads at most one message; false: nothing is left to look at now */
void	scan_recover_active(struct qmgr *qmgr);	/* at start: back to incoming */
void	scan_flow(struct qmgr *qmgr, bool loaded);	/* tokens for the receivers */

/* -- mail.c -------------------------------------------------------------------------------------------------------- */

enum mail_loaded { MAIL_LOADED, MAIL_SKIPPED };

enum mail_loaded mail_load(struct qmgr *qmgr, const char *queue, struct view id, bool flush);
/* A new message, of which cleanup told us; image (may be NULL): enough not to open it. */
enum mail_loaded mail_load_announced(struct qmgr *qmgr, struct view id, const struct queue_image *image);
void	mail_read_on(struct mail *mail);	/* the next recipients; may end the mail */
void	mail_refill(struct mail *mail);		/* the same, in the next turn */
void	mail_free(struct mail *mail);
void	mail_assigned(struct mail *mail);	/* all recipients of this reading have their place */
void	mail_path(const struct mail *mail, struct buf *out);

/* -- setback.c ----------------------------------------------------------------------------------------------------- */

void	setback_message(struct mail *mail, int delay_sec);	/* out of active, not to be tried before */
bool	setback_waits(const struct qmgr *qmgr, struct view id);	/* whatever its time stamp says */
void	setback_run(struct qmgr *qmgr);		/* those whose time has come are found by the next scan */

/* -- loading.c: which file is being loaded, remembered beyond our own death ----------------------------------------- */

void	loading_start(struct qmgr *qmgr);	/* at start: sets aside what killed two of us */
void	loading_begin(struct qmgr *qmgr, struct view id);
void	loading_end(struct qmgr *qmgr);

/* -- resolve.c ----------------------------------------------------------------------------------------------------- */

/* Finds the place of each recipient (borrowed from the arena, which is taken), then calls mail_assigned(). */
void	resolve_start(struct mail *mail, struct arena arena, struct queue_recipient *recipients, size_t count);

/* -- deliver.c ----------------------------------------------------------------------------------------------------- */

void	deliver_all(struct qmgr *qmgr);		/* as long as somebody is eligible */
void	deliver_stop(struct qmgr *qmgr);	/* closes idle agents */
bool	deliver_busy(const struct qmgr *qmgr);	/* is some agent at work? */

/* -- defer.c ------------------------------------------------------------------------------------------------------- */

/* Records all recipients of a selected entry as deferred, then ends the entry. */
void	defer_entry(struct qmgr *qmgr, struct entry *entry, const struct dsn *reason);

/* -- active.c ------------------------------------------------------------------------------------------------------ */

void	active_done(struct mail *mail);		/* nothing of it is under way any more */
void	active_set_aside(struct qmgr *qmgr, const char *queue, struct view id);	/* to corrupt */

static inline struct mail *
mail_of(struct message *message)
{
	return CONTAINER_OF(message, struct mail, message);
}

#endif
