/*
 * context: what the files of the service frame share about the one service of this process.
 */
#ifndef SERVICE_CONTEXT_H
#define SERVICE_CONTEXT_H

#include <stdint.h>
#include <sys/types.h>

#include "service/service.h"
#include "table/table.h"
#include "util/base/list.h"
#include "util/process/process.h"
#include "util/process/sandbox.h"

/* The command line, as master or a user gave it. */
struct service_options {
	const char *process_name;	/* of the program, from argv[0] */
	const char *name;		/* -n, or the process name */
	const char *type;		/* -t */
	int sockets;			/* -s */
	bool chroot, unprivileged;	/* -c -u */
	bool only_process, unlimited;	/* -l -z */
	bool debug, debugger;		/* -d -D */
	bool standalone, to_stderr;	/* -S -V */
	int verbose;			/* -v */
	int max_use;			/* -m; -1: not given, 0: none */
	int max_idle_sec;		/* -i; the same */
	int lifetime_sec;		/* -r; 0: for ever */
	const char **overrides;		/* -o; NULL ended */
	size_t override_count;
	char *const *arguments;
};

struct service_limits {
	int max_use, max_idle_sec, ipc_timeout_sec, drain_sec;
	int watchdog_sec;
};

struct watched_table {
	struct list link;
	struct table *table;
};

struct service_context {
	const struct service *service;
	struct service_options options;
	struct config *config;
	void *bound;				/* what the service's bindings filled */
	struct table_env table_env;
	struct service_limits limits;
	struct identity owner;			/* mail_owner */
	void *state;
	enum sandbox_mode sandbox;
	void *memo;				/* NULL: none was handed on */
	struct pool *pool;			/* NULL: alone, or each change is told */
	int place;				/* in the pool */
	struct buf promises;
	struct path_grant *grants;		/* with the promises */
	size_t grant_count;

	uint32_t generation;
	bool served, busy;			/* what master was told */

	unsigned uses;				/* finished requests; of a service of many clients: connections */
	bool retiring, no_chores;
	msec_t started, looked;			/* lifetime; last look at tables and listeners */
	struct list watched;

	struct loop *loop;			/* event-driven shapes */
	struct event_server *events;
};

/* options.c; fatal when the command line is wrong */
void	service_options_parse(struct service_options *options, int argc, char **argv);

/* startup.c: all steps up to start() */
void	service_start_up(struct service_context *ctx, int argc, char **argv);

/* memo.c */
void	service_memo_take(struct service_context *ctx);
void	service_pool_take(struct service_context *ctx);

/* The shapes; each returns when the process is to leave. */
void	service_run_sequential(struct service_context *ctx);
void	service_run_many_clients(struct service_context *ctx);
void	service_run_events(struct service_context *ctx);

void	service_events_look(struct service_context *ctx);	/* at the end of this turn: is it time to leave? */

/* retire.c */
bool	service_spent(struct service_context *ctx);	/* counts one use; is it time to leave? */
void	service_look(struct service_context *ctx);	/* at most once a second: tables, lifetime, idle() */
bool	service_too_idle(const struct service_context *ctx, msec_t since);
int	service_nap_ms(const struct service_context *ctx, msec_t since);	/* how long nothing is due, when idle since then */
bool	service_has_chores(const struct service_context *ctx);	/* does service_look() have something to do? */

#endif
