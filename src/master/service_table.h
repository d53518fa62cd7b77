/*
 * service_table: master.cf made real. A new table is built and its new sockets are opened before the running one is
 * touched, so that a table with a mistake changes nothing.
 */
#ifndef MASTER_SERVICE_TABLE_H
#define MASTER_SERVICE_TABLE_H

#include "master/supervisor.h"

/* Fills an empty table, or turns the running one into what master.cf says now. */
bool	service_table_load(struct supervisor *master, struct buf *why);
void	service_table_start(struct supervisor *master);		/* listens, and wakes who is to be woken at start */
void	service_table_kill(struct supervisor *master, int signal);

#endif
