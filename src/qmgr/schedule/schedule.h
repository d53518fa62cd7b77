/*
 * schedule: who is served next. What the queue manager knows of its active messages, without any I/O: time comes from
 * clock_now(), and what must happen outside is asked for through struct schedule_hooks.
 *
 *	message		a file in active, as far as it is in memory
 *	transport	a delivery service of master.cf
 *	destination	a transport and a next hop (or one recipient there): the unit of concurrency
 *	job		the part of a message that goes to one transport
 *	peer		the part of a job that goes to one destination
 *	entry		up to N recipients of one peer: one delivery request
 *
 * A message owns its jobs, a job its peers, a peer its entries; a transport owns its destinations. Jobs, peers and
 * destinations vanish by themselves when nothing is left of them; transports stay.
 */
#ifndef QMGR_SCHEDULE_SCHEDULE_H
#define QMGR_SCHEDULE_SCHEDULE_H

#include "global/dsn/dsn.h"
#include "global/queue/envelope.h"
#include "util/base/arena.h"
#include "util/base/clock.h"
#include "util/base/hash.h"
#include "util/base/list.h"

struct schedule;
struct message;
struct transport;
struct destination;
struct job;
struct peer;
struct entry;

/* How much one success or failure counts at window w: base, base/w or base/sqrt(w). */
enum feedback_kind { FEEDBACK_CONSTANT, FEEDBACK_INVERSE, FEEDBACK_INVERSE_SQRT };

struct feedback {
	enum feedback_kind kind;
	double base;
};

bool	feedback_parse(const char *text, struct feedback *out);	/* false: bad text, *out is the default (1) */
double	feedback_value(const struct feedback *feedback, int window);

struct transport_limits {
	int recipient_limit, extra_recipient_limit, refill_limit, refill_delay_sec;
	int slot_cost, slot_loan, slot_discount, minimum_slots;
	int destination_recipient_limit, concurrency_limit, initial_concurrency, failed_cohort_limit;
	int transport_rate_delay_sec, destination_rate_delay_sec;
	struct feedback positive, negative;
};

struct schedule_limits {
	int recipient_limit;		/* in memory, over all messages */
	int recipient_minimum;		/* every message may have so many */
	int message_limit;		/* of active */
	int minimal_backoff_sec, transport_retry_sec, clog_warn_sec;
	bool feedback_debug, helpful_warnings;
};

struct schedule_hooks {
	void (*limits)(const char *transport, struct transport_limits *out, void *arg);
	void (*refill)(struct message *message, void *arg);	/* there is room: read more recipients */
	void (*finished)(struct message *message, void *arg);	/* its last entry is done */
	/* An entry that neither its own nor the retry transport can take: record it as deferred, then entry_done(). */
	void (*defer)(struct entry *entry, const struct dsn *reason, void *arg);
	void *arg;
};

/* A moment at which something ends. In one list by time, so that the loop needs one timer. */
struct wakeup {
	struct list link;
	msec_t at;
	void (*expired)(void *arg);
	void *arg;
};

struct schedule {
	struct schedule_limits limits;
	struct schedule_hooks hooks;
	struct list transports;		/* struct transport; the next to be looked at comes first */
	struct hash *names;		/* of transports */
	struct list wakeups;
	size_t messages, recipients, destinations;
	size_t unread_messages;		/* messages with recipients that are not in memory */
};

void		schedule_init(struct schedule *schedule, const struct schedule_limits *limits, const struct schedule_hooks *hooks);
void		schedule_fini(struct schedule *schedule);	/* all messages must be gone */
msec_t		schedule_next_wakeup(const struct schedule *schedule);	/* CLOCK_NEVER: none */
void		schedule_run_wakeups(struct schedule *schedule);
void		wakeup_start(struct schedule *schedule, struct wakeup *wakeup, msec_t after_ms, void (*expired)(void *), void *arg);
void		wakeup_stop(struct wakeup *wakeup);

/* -- message ------------------------------------------------------------------------------------------------------- */

struct message {
	struct list jobs;
	size_t recipients;		/* in memory */
	size_t unread;			/* still in the file: an upper bound */
	size_t recipient_limit;		/* the minimum plus the slots of its jobs */
	size_t entries;			/* not done */
	msec_t queued, refilled;
	bool busy;			/* being read or resolved: not finished however few entries there are */
	bool single_recipient;		/* VERP: each recipient is a request of its own */
};

void		message_init(struct schedule *schedule, struct message *message);
void		message_fini(struct schedule *schedule, struct message *message);	/* no entries are left */
void		message_set_unread(struct schedule *schedule, struct message *message, size_t unread);
/* How many recipients may be read now. */
size_t		message_room(const struct schedule *schedule, const struct message *message);
/* Puts a recipient (copied) into an entry for this destination. */
void		message_assign(struct message *message, struct destination *destination, const struct queue_recipient *recipient);
/* All recipients that were read are assigned: slots that nobody needs go on to others. */
void		message_assigned(struct message *message);

/* -- transport ----------------------------------------------------------------------------------------------------- */

struct transport {
	struct list link;
	struct schedule *schedule;
	char *name;
	struct transport_limits limits;
	struct hash *destinations;	/* by name */
	struct list ready;		/* destinations with room and something to do */
	struct list jobs, jobs_by_time;	/* in the order they are served; by age */
	struct job *current;		/* the jobs before it are blocked; NULL: start from the first */
	struct job *candidate, *candidate_for;	/* the best preemptor, as far as known */
	msec_t candidate_sec;
	bool candidate_known;
	unsigned long blocking;		/* jobs and destinations with this tag are blocked */
	int slots_free, extra_free;
	int preempting;			/* jobs that stand in front of another */
	int pending;			/* connections being made */
	int idle;			/* agents that can be served at once */
	bool dead, rate_locked, rate_ticket;
	struct dsn reason;
	struct wakeup retry, rate;
	void *agents;			/* of the caller */
};

struct transport *transport_get(struct schedule *schedule, struct view name);	/* made when new */
/* The next transport, in turn, that has work for one more agent; NULL: none. */
struct transport *transport_select(struct schedule *schedule);
void		transport_kill(struct transport *transport, const struct dsn *reason);
void		transport_revive(struct transport *transport);
/* May a delivery start now, as far as the transport's own rate goes? If not, it may after a while. */
bool		transport_rate_permit(struct transport *transport);

/* -- destination --------------------------------------------------------------------------------------------------- */

enum { WINDOW_DEAD = 0, WINDOW_SUSPENDED = -1 };

struct destination {
	struct list ready_link;
	struct transport *transport;
	char *name, *nexthop;
	int window;			/* allowed concurrency, or WINDOW_* */
	int busy, todo;
	double success, failure, fail_cohorts;
	struct list todo_entries, busy_entries;
	struct dsn reason;		/* why it is dead */
	struct wakeup wakeup;
	unsigned long blocking;
	bool connection_load, connection_store;
	msec_t last_done;		/* CLOCK_NEVER: nothing yet */
	msec_t clog_warned;
};

struct destination *destination_get(struct transport *transport, struct view name, struct view nexthop);
void		destination_success(struct destination *destination);
void		destination_failure(struct destination *destination, const struct dsn *reason);
void		destination_revive(struct destination *destination);
void		destination_forget_if_idle(struct destination *destination);
/* Sends all that waits to the retry transport, with this reason. */
void		destination_defer_todo(struct destination *destination, const struct dsn *reason);
/* Forgets what is known to be dead, now. */
void		schedule_revive_all(struct schedule *schedule);
void		destination_check_room(struct destination *destination);	/* after window, busy or todo changed */
void		destination_hint_connection(struct destination *destination);	/* when a delivery starts */

/* -- job ----------------------------------------------------------------------------------------------------------- */

struct job {
	struct list link;		/* in transport.jobs; unlinked: retired */
	struct list time_link, message_link;
	struct message *message;
	struct transport *transport;
	struct hash *peers;		/* by destination */
	struct list ready_peers;	/* those with entries to send, in turn */
	struct job *preempted;		/* the job this one stands in front of */
	int need, used;			/* while preempting: slots paid for; entries sent since */
	int slots_available;
	size_t entries_read, entries_selected;
	size_t recipients;		/* in memory */
	int recipient_limit, extra;
	unsigned long blocking;
	msec_t queued;
};

struct job	*job_get(struct message *message, struct transport *transport);
/* The next entry of this transport; it counts as busy from now on. NULL: nothing can be sent. */
struct entry	*job_select_entry(struct transport *transport);
void		 job_enlist(struct job *job);				/* it has something to send (again) */
void		 job_forget_if_idle(struct job *job);
void		 job_pass_slots(struct job *job);
void		 transport_unblock(struct transport *transport);

struct peer {
	struct list link;		/* in job.ready_peers */
	struct job *job;
	struct destination *destination;
	struct list entries;		/* not selected */
	size_t entry_count;		/* not done */
};

struct peer	*peer_get(struct job *job, struct destination *destination);
void		 peer_forget_if_idle(struct peer *peer);

/* -- entry --------------------------------------------------------------------------------------------------------- */

struct entry {
	struct list peer_link, destination_link;
	struct message *message;
	struct peer *peer;
	struct destination *destination;
	struct arena arena;		/* of the recipients */
	struct queue_recipient *recipients;
	size_t count, room;
	bool selected;
};

void		entry_add(struct peer *peer, const struct queue_recipient *recipient);
void		entry_select(struct entry *entry);
/* The request is answered (feedback was given before). Frees the entry, and what became empty by it. */
void		entry_done(struct entry *entry);

#endif
