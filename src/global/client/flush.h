/*
 * flush client: the service flush keeps, per destination of fast_flush_domains, a list of messages that could not be
 * delivered, and has them tried at once when somebody asks for a site (ETRN, postqueue -s) or a message (postqueue -i).
 */
#ifndef GLOBAL_CLIENT_FLUSH_H
#define GLOBAL_CLIENT_FLUSH_H

#include "global/config/config.h"
#include "table/match_list.h"
#include "util/event/loop.h"
#include "util/ipc/channel.h"

extern const struct ipc_protocol flush_protocol;

enum { FLUSH_FRAME_ADD = FRAME_TYPE_FIRST, FLUSH_FRAME_SITE, FLUSH_FRAME_MESSAGE, FLUSH_FRAME_STATUS };

enum flush_status {
	FLUSH_OK,
	FLUSH_FAILED,		/* the service could not do it, or could not be asked */
	FLUSH_BAD,		/* no such thing as this name or id */
	FLUSH_UNSERVED,		/* not in fast_flush_domains */
};

struct flush_request {
	struct view site;		/* ADD, SITE: a domain or an address in brackets */
	struct view queue_id;		/* ADD, MESSAGE */
};

/* Each waits for the answer, and logs why there is none. path: "public/flush". */
enum flush_status flush_add(const char *path, struct view site, struct view queue_id, msec_t timeout_ms);
enum flush_status flush_site(const char *path, struct view site, msec_t timeout_ms);
enum flush_status flush_message(const char *path, struct view queue_id, msec_t timeout_ms);
/* For qmgr: does not wait, and tells nobody what became of it. */
void	flush_add_start(struct loop *loop, const char *path, struct view site, struct view queue_id, msec_t timeout_ms);

/* Which recipients are worth a line in such a list; opened before privileges go. */
struct fast_flush {
	struct match_list *domains;	/* NULL: none */
	char *path;
	msec_t timeout_ms;
	bool old_domains;		/* $relay_domains, by a default of old: the log says so */
};

bool	fast_flush_open(struct fast_flush *fast, struct config *config, struct buf *why);
void	fast_flush_close(struct fast_flush *fast);
/* Is this domain in fast_flush_domains? When that cannot be told: yes, and the service decides. */
bool	fast_flush_serves(const struct fast_flush *fast, struct view domain);
/* For a message that was deferred for this recipient (internal form): adds it when its domain is served. */
void	fast_flush_deferred(const struct fast_flush *fast, struct view recipient, struct view queue_id);
void	fast_flush_deferred_start(const struct fast_flush *fast, struct loop *loop, struct view recipient, struct view queue_id);

void	flush_request_put(struct buf *out, unsigned type, const struct flush_request *request);
bool	flush_request_get(const struct frame *frame, struct flush_request *request, struct buf *why);
void	flush_status_put(struct buf *out, enum flush_status status);
bool	flush_status_get(const struct frame *frame, enum flush_status *status, struct buf *why);

#endif
