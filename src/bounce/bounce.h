/*
 * bounce: one program for the services bounce, defer and trace: it keeps a log per message of what became of its
 * recipients, and makes notices from it.
 *
 * A case is all that is known when a notice is to be made: the request, the message's envelope and the log.
 */
#ifndef BOUNCE_BOUNCE_H
#define BOUNCE_BOUNCE_H

#include "bounce/config.h"
#include "global/client/bounce.h"
#include "global/client/cleanup.h"
#include "global/dsn/bounce_template.h"
#include "global/queue/bounce_log.h"
#include "global/queue/envelope.h"

struct bounce {
	const struct bounce_config *config;
	struct cleanup_client *cleanup;
	const char *queue;		/* of the logs: "bounce", "defer" or "trace" */
	struct bounce_templates templates;
	struct buf texts[TEMPLATE_COUNT];	/* of the templates, expanded */
	unsigned cleanup_flags;
};

enum notice_original { ORIGINAL_HEADERS, ORIGINAL_FULL };

struct bounce_case {
	struct bounce *bounce;
	struct arena arena;
	const struct bounce_notice *request;
	enum bounce_template_kind kind;
	struct queue_envelope envelope;
	int fd;				/* the queue file; -1: not there */
	struct bounce_log *log;		/* NULL: not there */
	bool unreadable;		/* something is there, but cannot be read now: no notice */
	const struct bounce_log_entry *single;	/* of a notice without a log */
	struct arena scratch;		/* texts of the entry at hand */
};

/* Not all of it could be read: what a notice would say is not the whole truth, and may be tomorrow. */
static inline bool
case_unreadable(const struct bounce_case *c)
{
	return c->unreadable || (c->log != NULL && bounce_log_damaged(c->log));
}

/* One message that goes out. */
struct notice {
	struct view from, to;		/* envelope, internal form; from "" is the null sender */
	bool postmaster;		/* a copy for the postmaster: all recipients, no introduction */
	enum notice_original original;
	const struct bounce_log_entry *only;	/* VERP: about this recipient; NULL: about all */
};

/* -- notice.c: who is told ----------------------------------------------------------------------------------------- */

bool	notice_send_all(struct bounce_case *c);	/* false: try later */

/* -- entries.c: whom it speaks of ---------------------------------------------------------------------------------- */

/*
 * Goes through the entries that a notice lists, however many: none but the one at hand is in memory. One at a time, but
 * for notices about one recipient. What is in the scratch arena goes with the entry.
 */
struct entries {
	struct bounce_case *c;
	const struct notice *notice;
	const struct bounce_log_entry *only;	/* still to come, of a notice about one */
	struct bounce_log_entry read;
};

void	entries_begin(struct entries *entries, struct bounce_case *c, const struct notice *notice);
const struct bounce_log_entry *entries_next(struct entries *entries);	/* NULL: no more */

/* -- report.c: what it says ---------------------------------------------------------------------------------------- */

/* Of the whole notice, as far as it is known: "7bit", "8bit" or nothing. */
struct view report_encoding(const struct bounce_case *c);
void	report_write(struct bounce_case *c, const struct notice *notice, struct view notice_id);

#endif
