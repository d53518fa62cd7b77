/*
 * status: how the processes of a service tell whether they are busy: a pipe and a page of memory, new ones for each
 * generation. Closing the pipe tells them to leave.
 */
#ifndef MASTER_STATUS_H
#define MASTER_STATUS_H

#include "master/service_entry.h"

void	status_open(struct service_entry *service);
void	status_take(struct service_entry *service);	/* what was written until now */
void	status_close(struct service_entry *service);

#endif
