/*
 * service: what all daemons share. A daemon is a value, `const struct service`, and main() is one call:
 *
 *	int main(int argc, char **argv) { return service_main(&verify_service, argc, argv); }
 *
 * service_main() takes the same steps for all (descriptors, environment, log, configuration, prepare, chroot, identity,
 * sandbox, start), then accepts, talks to master (BUSY, IDLE, SERVED), retires after max_use requests or max_idle
 * seconds between requests, and leaves when master goes away or reloads.
 *
 * There are two kinds of endpoints: those with a `protocol` speak frames, and the service frame does hello, READY and
 * RETIRE; those without hand the bare descriptor to `client`.
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "global/config/config.h"
#include "util/ipc/channel.h"

struct identity;
struct loop;
struct service_context;

enum service_shape {
	SERVICE_SEQUENTIAL,	/* one client at a time, plain top-down code */
	SERVICE_MANY_CLIENTS,	/* many connections, one whole request at a time; requests are single frames */
	SERVICE_EVENT,		/* event-driven; never blocks */
	SERVICE_MANAGER,	/* long-lived, event-driven, woken by triggers (qmgr) */
};

enum {
	SERVICE_SOLITARY	= 1 << 0,	/* process limit must be 1 */
	SERVICE_UNLIMITED	= 1 << 1,	/* process limit must be 0 */
	SERVICE_KEEP_ROOT	= 1 << 2,	/* local, virtual, pipe, spawn */
	SERVICE_NO_MAX_USE	= 1 << 3,
	SERVICE_NO_RETIRE	= 1 << 4,	/* never leaves by itself (qmgr) */
	SERVICE_OPEN		= 1 << 5,	/* runs foreign programs: no sandbox, not even no_new_privs */
	SERVICE_STREAM		= 1 << 7,	/* clients' descriptors do not block: they become streams */
	SERVICE_STANDALONE	= 1 << 6,	/* allows -S: one client on standard input and output (client gets 0) */
};

enum service_answer {
	SERVICE_DONE,		/* the final frame is in channel_out(); READY or RETIRE follows */
	SERVICE_HANG_UP,	/* nothing sensible can be said: close */
};

struct service {
	const char *name;				/* program name */
	enum service_shape shape;
	unsigned flags;
	const struct ipc_protocol *protocol;		/* NULL: foreign protocol or triggers */
	const struct binding *bindings;			/* may be NULL */
	size_t config_size;				/* of the struct the bindings fill */
	const char *promises;				/* words, see util/process/sandbox.h; what is opened adds its own */

	void (*prepare)(struct service_context *ctx);	/* before privileges go: open tables, keys, templates */
	void (*start)(struct service_context *ctx);	/* behind the sandbox */

	/*
	 * Frame services. The first frame of a request is handed over; the rest of its run is read from the channel by
	 * the handler (sequential only). The channel is kept for further requests.
	 */
	enum service_answer (*serve)(struct service_context *ctx, struct channel *channel, const struct frame *request);
	void (*client_gone)(struct service_context *ctx, struct channel *channel);	/* may be NULL */

	/* Foreign protocols: owns fd. Sequential: returns when the client is done. Event: returns at once. */
	void (*client)(struct service_context *ctx, int fd);
	/*
	 * Triggers (pickup, qmgr): the bytes that came. With a protocol as well (flush, tlsmgr): fewer bytes than a frame
	 * has, and the end of the connection.
	 */
	void (*trigger)(struct service_context *ctx, struct view requests);
	/* Manager: a frame on a connection whose first byte was 0, from a process of mail_owner or root. No answer. */
	void (*announced)(struct service_context *ctx, const struct frame *frame);
	/* Event, type unix-dgram: one datagram. */
	void (*datagram)(struct service_context *ctx, struct view bytes);

	void (*idle)(struct service_context *ctx);	/* about once a second between requests; may be NULL */
	/*
	 * Event and manager: the listeners are given up, finish what is under way, then service_leave(). NULL: the frame
	 * leaves when all clients are done, or after application_event_drain_time.
	 */
	void (*retiring)(struct service_context *ctx);
	void (*stop)(struct service_context *ctx);	/* before the process leaves; may be NULL */
	const char *watchdog;				/* parameter of the longest request; NULL: daemon_timeout */
};

int		 service_main(const struct service *service, int argc, char **argv);

/* What a daemon may ask of the frame. */
const void	*service_config(const struct service_context *ctx);		/* the struct its bindings filled */
struct config	*service_settings(const struct service_context *ctx);		/* for what cannot be bound: maps, transports */
const char	*service_name(const struct service_context *ctx);		/* the master.cf name */
const char	*service_type(const struct service_context *ctx);		/* "unix", "inet", … */
bool		 service_standalone(const struct service_context *ctx);		/* -S */
const struct identity *service_owner(const struct service_context *ctx);	/* mail_owner */
/*
 * "user" or "user:group" that programs of others run as. Fatal when there is none of that name, and, for root, when their
 * rights would be those of root, of mail_owner or of setgid_group. setting: "user=", what the complaint begins with.
 */
void		 service_program_rights(const struct service_context *ctx, const char *setting, const char *name,
		    const char *setgid_group, struct identity *out);
char *const	*service_arguments(const struct service_context *ctx);		/* after the options: pipe, spawn */
void		*service_state(const struct service_context *ctx);		/* the daemon's own, set by prepare or start */
void		 service_set_state(struct service_context *ctx, void *state);
struct loop	*service_loop(const struct service_context *ctx);		/* event and manager shapes */
void		 service_retire(struct service_context *ctx);			/* leave at the next boundary */
bool		 service_retiring(const struct service_context *ctx);		/* event shapes: finish what is under way */
void		 service_client_done(struct service_context *ctx);		/* event: what client() took is finished */
/* idle() has something to do, which it has at first. While it has not, the process sleeps longer. */
void		 service_set_chores(struct service_context *ctx, bool due);
void		 service_leave(struct service_context *ctx);			/* event and manager: now */
/* Many clients: around a lookup that may leave the machine, so that master starts another process meanwhile. */
void		 service_busy(struct service_context *ctx, bool busy);
void		 service_alive(void);						/* sequential: a long request gets on, the watchdog waits anew */
void		 service_promise(struct service_context *ctx, const char *words);	/* in prepare: what was opened needs more */
/* The same for "file-read" or "file-write" of one file, or of all below one directory. */
void		 service_promise_path(struct service_context *ctx, const char *promise, const char *path);
/*
 * Memory that outlives the process, however it ends: the next process of the service finds what this one left there.
 * All zeros in the first; it may be that of another release. NULL when there is none (only services with one process).
 */
void		*service_memo(const struct service_context *ctx, size_t size);
int		 service_flow_read(const struct service_context *ctx);		/* flow-control pipe, or -1 */
int		 service_flow_write(const struct service_context *ctx);
/* Watch these tables (table.h): changed ones make the process retire, logged as "table X has changed -- restarting". */
struct table;
void		 service_watch(struct service_context *ctx, struct table *table);
struct table_env;
const struct table_env *service_tables(const struct service_context *ctx);	/* for table_open() and maps_open() */

#endif
