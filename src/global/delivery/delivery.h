/*
 * delivery: what qmgr asks of a delivery agent, and what the agent reports. An agent's main function is
 * delivery_agent_serve(), which decodes the request, opens and locks the file, calls `deliver`, and reports.
 */
#ifndef GLOBAL_DELIVERY_DELIVERY_H
#define GLOBAL_DELIVERY_DELIVERY_H

#include <sys/types.h>

#include "global/client/flush.h"
#include "global/config/config.h"
#include "global/dsn/dsn.h"
#include "global/queue/envelope.h"
#include "util/ipc/channel.h"

extern const struct ipc_protocol delivery_protocol;	/* "delivery_request" */

struct delivery_settings;

enum {
	DELIVERY_TRACE		= TRACE_USER_VERIFY | TRACE_PROBE,	/* no real delivery: tell what would happen */
	DELIVERY_CONN_LOAD	= 1 << 16,		/* an idle connection may be used */
	DELIVERY_CONN_STORE	= 1 << 17,		/* … and kept afterwards */
	DELIVERY_BOUNCE_NONE	= 1 << 18,		/* probes: no bounce or defer log */
	DELIVERY_SOLE		= 1 << 19,		/* the message has this recipient only: when it is done, the file goes */
	DELIVERY_UNHURRIED	= 1 << 20,		/* nothing waits for this delivery to end: its sync may take its time */
};

struct delivery_times {		/* of the message: for delays=a/b/c/d */
	struct timeval arrival, queued, agent_handoff, connected, done;	/* zero: did not happen */
};

struct delivery_request {
	struct view queue_name;		/* "active" */
	struct view queue_id;
	struct view nexthop;		/* "example.com", "[host]:2525" or "5.1.1 text" for error */
	struct view sender, encoding, envid, log_ident, rewrite_context;
	struct view client_name, client_address, client_port, client_helo, client_protocol, message_origin;
	struct view sasl_method, sasl_username, sasl_sender;
	struct view verp;
	unsigned flags;			/* DELIVERY_* and trace flags */
	int ret;			/* DSN_RET_* */
	unsigned options;		/* QUEUE_OPTION_* */
	long long data_offset, data_size;
	struct delivery_times times;
	struct queue_recipient *recipients;
	size_t recipient_count;
	int fd;				/* the queue file, read/write, shared lock held; the agent does not close it */
	const char *tls;		/* set by the agent for the log: "may:none"; NULL: not shown */
	int connection_use;		/* set by the agent: how often its connection was used */
	bool own_sender;		/* set by the agent: sender is not that of the queue file, and is told of failures by himself */
	const struct delivery_settings *settings;	/* set by delivery_agent_serve() */
};

enum { DELIVERY_FRAME_REQUEST = FRAME_TYPE_FIRST, DELIVERY_FRAME_RECIPIENT, DELIVERY_FRAME_REPORT };
enum { DELIVERY_RECIPIENTS_MAX = 20000 };	/* in one request; more are malformed */

enum delivery_result {
	DELIVERY_DONE,			/* nothing left: all delivered or bounced */
	DELIVERY_DEFERRED,		/* some recipients must be tried again */
	DELIVERY_GONE,			/* no such queue file: qmgr forgets the message */
};

struct delivery_report {
	enum delivery_result result;
	bool session_kept;		/* the agent is still connected to this next hop: best for its next message */
	struct dsn dsn;			/* with status set and DEFERRED: the site is bad (throttle), reason for the others */
};

/* What all agents need to know, from main.cf. */
struct delivery_settings {
	const char *bounce_service, *defer_service, *trace_service, *verify_service;	/* names below private/ */
	int ipc_timeout_sec, delay_resolution;
	bool soft_bounce, original_recipient;
	struct verifier *verifier;	/* hears what became of probes */
	struct maps *filter;		/* <agent>_delivery_status_filter; NULL: none */
	struct queue_layout layout;
	struct fast_flush fast_flush;
	uid_t queue_owner;		/* known to root only, who must not open others' files */
};

/*
 * The agent's side. delivery_agent_prepare() is called once, from the service's `prepare`, and reads the settings above;
 * the config must outlive the process's deliveries.
 */
bool	delivery_agent_prepare(struct config *config, struct buf *why);
typedef void	delivery_function(void *agent, struct delivery_request *request, struct delivery_report *report);
/* Reads one request behind its first frame, delivers, reports. False: nothing sensible can be said, hang up. */
bool	delivery_agent_serve(void *agent, struct channel *channel, const struct frame *first, delivery_function *deliver);

/* qmgr's side: one buffer of frames; and the report. */
void	delivery_request_put(struct buf *out, const struct delivery_request *request);
bool	delivery_request_fits(const struct delivery_request *request);	/* every part fits in a frame */
/* Decoding: the first frame gives all but the recipients, each further frame one recipient; the last lacks FRAME_MORE. */
bool	delivery_request_get(const struct frame *frame, struct arena *arena, struct delivery_request *out, struct buf *why);
bool	delivery_recipient_get(const struct frame *frame, struct arena *arena, struct queue_recipient *out, struct buf *why);
bool	delivery_report_get(const struct frame *frame, struct delivery_report *out, struct buf *why);
void	delivery_report_put(struct buf *out, const struct delivery_report *report);

/*
 * What became of one recipient: goes through the status filter, logs the delivery line, keeps the bounce, defer or trace
 * log by way of the bounce service, and marks the recipient done in the queue file where that is due. True: it is done.
 * False: it stays in the file, deferred or because its verdict could not be recorded, and the report says DEFERRED. The
 * class of the status decides.
 */
bool	delivery_conclude(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
	    const struct dsn *dsn);
/* For the trace log only: an alias was expanded. True when there was nothing to record, too. */
bool	delivery_trace(const struct delivery_request *request, const struct queue_recipient *recipient, const char *relay,
	    const struct dsn *dsn);

#endif
