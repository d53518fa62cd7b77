/*
 * supervisor: the state of master, handed to all its parts. There is one per process; master.c owns it.
 *
 * Master starts services on demand, holds their listening sockets, counts, limits, throttles, wakes, replaces and stops
 * their processes, and does nothing else: it parses no mail and no network data. It allocates at start, at reload and
 * when a service grows beyond its largest number of processes so far.
 */
#ifndef MASTER_SUPERVISOR_H
#define MASTER_SUPERVISOR_H

#include <stdint.h>
#include <sys/types.h>

#include "global/config/config.h"
#include "master/settings.h"
#include "util/base/hash.h"
#include "util/base/list.h"
#include "util/event/loop.h"
#include "util/process/process.h"

struct master_options {
	const char *config_directory;	/* -c; NULL: MAIL_CONFIG or the built-in one */
	bool debug;			/* -d: stay attached to the terminal */
	bool debugger;			/* -D: children run under debugger_command */
	bool foreground;		/* -s */
	bool init;			/* -i: process 1, reaps what is not ours */
	bool only_test;			/* -t: is another one running? */
	bool wait;			/* -w: the caller waits until services are open */
	int exit_after_sec;		/* -e; 0: never */
	int verbose;			/* -v */
};

struct supervisor {
	struct master_options options;
	struct config *config;
	struct master_settings settings;
	char *queue_directory, *inet_interfaces, *inet_protocols;	/* those of the start; a reload does not change them */
	struct identity owner;		/* mail_owner; ourselves when unprivileged */
	bool privileged;		/* started by root */
	struct loop *loop;
	struct list services;		/* struct service_entry */
	struct hash *children;		/* pid → struct child */
	struct list spare_children;
	uint32_t generation;		/* of the last child */
	uint32_t reloaded;		/* … when the table was read: what is not younger retires */
	int flow[2];			/* flow-control pipe for all services */
	int snapshot;			/* sealed configuration, or -1 */
	int console;			/* the standard output we were started with, for postlogd; -1: none */
	int parent;			/* -w: pipe to the waiting caller, else -1 */
	bool stopping;
	struct loop_timer stop_timer;
};

#endif
