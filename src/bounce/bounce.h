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
	bool have_log;
	struct bounce_log_entry *entries;
	size_t count;
};

/* One message that goes out. */
struct notice {
	struct view from, to;		/* envelope, internal form; from "" is the null sender */
	bool postmaster;		/* a copy for the postmaster: all recipients, no introduction */
	enum notice_original original;
	const struct bounce_log_entry *only;	/* VERP: about this recipient; NULL: about all */
};

/* -- notice.c: who is told ----------------------------------------------------------------------------------------- */

bool	notice_send_all(struct bounce_case *c);	/* false: try later */

/* -- report.c: what it says ---------------------------------------------------------------------------------------- */

bool	report_lists(const struct bounce_case *c, const struct notice *notice, const struct bounce_log_entry *entry);
void	report_write(struct bounce_case *c, const struct notice *notice, struct view notice_id);

#endif
