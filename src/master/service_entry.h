/*
 * service_entry: one service of master.cf at run time: where it listens, how its processes are started, how many there
 * are. Two lines with the same endpoint are the same service, so that "smtp" and "25" meet and a reload finds the
 * sockets and processes of the running table again.
 *
 * Whether master listens is decided in one place from counts, service_entry_watch(): never while a process is idle, the
 * limit is reached, or the service is throttled.
 */
#ifndef MASTER_SERVICE_ENTRY_H
#define MASTER_SERVICE_ENTRY_H

#include "global/config/master_cf.h"
#include "master/supervisor.h"
#include "service/pool.h"
#include "util/base/clock.h"

struct listener {
	struct service_entry *service;
	int fd;
	struct loop_io io;
};

struct service_entry {
	struct list link;		/* in supervisor.services */
	struct supervisor *master;
	enum master_type type;
	char *name;			/* as written */
	char *endpoint;			/* what makes it the same service: "inet:127.0.0.1:25", "public/cleanup" */
	char *program;			/* path */
	char **arguments;		/* of master.cf, behind the command; NULL ended */
	bool unprivileged, chroot;
	bool remote;			/* inet: open to other hosts */
	int limit;			/* 0: none */
	int wakeup_sec;			/* 0: never */
	bool wakeup_if_used;		/* the timer waits for the first client */
	struct listener *listeners;
	size_t listener_count;

	struct list children;		/* struct child */
	int total;
	struct pool *pool;		/* who is idle of the present generation */
	int pool_fd;
	int memo;			/* memory for its process and the one after it; -1: none */
	int status[2];			/* status pipe of the present generation */
	struct loop_io status_io;
	bool throttled;
	struct loop_timer throttle_timer, wakeup_timer;
	msec_t stress_until, warn_after;
	int sandbox_deaths;		/* in a row: processes that their sandbox killed */
	bool sandbox_eased;		/* from strict to yes */
	msec_t sandbox_warn_after;
	bool listed;			/* during a reload: stands in the new table */
	bool removed;			/* in no table any more: freed with its last process */
};

/* Builds what the line says; opens nothing. NULL with a reason. */
struct service_entry	*service_entry_new(struct supervisor *master, const struct master_entry *line, struct buf *why);
void			 service_entry_free(struct service_entry *service);	/* closes all; has no children any more */
/* Takes program, arguments, limits and wake-up of fresh, which is freed. */
/* Closes its sockets and kills its processes; it is gone when they are. */
void			 service_entry_remove(struct service_entry *service);
void			 service_entry_replace(struct service_entry *service, struct service_entry *fresh);
/* Do strangers come here, so that many of them mean that times are hard? */
bool			 service_entry_adapts(const struct service_entry *service);
bool			 service_entry_has_room(const struct service_entry *service);
void			 service_entry_watch(struct service_entry *service);
/* One of its processes died, and with it perhaps the news of a client: the idle ones were not woken for that one. */
void			 service_entry_look_for_client(struct service_entry *service);
void			 service_entry_throttle(struct service_entry *service);
/* The processes of now leave as soon as they are idle; those started from now on have a status pipe of their own. */
void			 service_entry_retire(struct service_entry *service);
void			 service_entry_reached_limit(struct service_entry *service);
/*
 * A process was ended by its sandbox (before or after it served somebody), or left in peace. After three of the first
 * kind in a row a strict sandbox is eased to the usual one until the next reload, and a warning repeats.
 */
void			 service_entry_sandbox_killed(struct service_entry *service, bool served);
void			 service_entry_sandbox_works(struct service_entry *service);
bool			 service_entry_eased(const struct service_entry *service);
void			 service_entry_warn_sandbox(struct service_entry *service);
bool			 service_entry_stressed(const struct service_entry *service);

#endif
