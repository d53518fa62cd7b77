/*
 * listen: the endpoints of services: sockets on inet_interfaces, in public/ and private/, and named pipes.
 */
#ifndef MASTER_LISTEN_H
#define MASTER_LISTEN_H

#include "master/service_entry.h"

/* The canonical name of the place (heap), or NULL when the line names no place there is. */
char		*listen_endpoint(const struct service_entry *service, const struct master_entry *line, struct buf *why);
bool		 listen_open(struct service_entry *service, struct buf *why);
void		 listen_close(struct service_entry *service);
/* How many sockets listen_open() will open: known beforehand, since children are told by -s. */
const char	*listen_place(const struct service_entry *service);	/* for log lines: the endpoint without its kind */

#endif
