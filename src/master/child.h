/*
 * child: processes of services: started for a waiting client or a wake-up, known by pid, reaped.
 */
#ifndef MASTER_CHILD_H
#define MASTER_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "master/service_entry.h"

struct child {
	struct list link;		/* in service->children, or spare */
	struct service_entry *service;
	pid_t pid;
	uint32_t generation;
	int place;			/* in service->pool; -1: of an earlier generation, or there was none left */
	bool served;			/* finished a request: a crash from now on is no bad start */
};

void		 child_start(struct service_entry *service);
struct child	*child_find(struct supervisor *master, pid_t pid);
void		 child_reap_all(struct supervisor *master);
void		 child_kill_all(struct service_entry *service, int signal);
size_t		 child_count(const struct supervisor *master);

#endif
