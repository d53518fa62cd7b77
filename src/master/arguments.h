/*
 * arguments: the command line of a service's process. The order is part of the interface: people read it in ps.
 */
#ifndef MASTER_ARGUMENTS_H
#define MASTER_ARGUMENTS_H

#include "master/service_entry.h"

/* Called between fork and exec: nothing of it is ever freed. */
char	**arguments_make(const struct service_entry *service);

#endif
