/*
 * approved: the tables that others may ask for: every "proxy:type:name" in proxy_read_maps or proxy_write_maps, wherever
 * it stands: inside of braces, in a restriction class, or in a file that a list names.
 */
#ifndef PROXYMAP_APPROVED_H
#define PROXYMAP_APPROVED_H

#include "global/config/config.h"

struct approved;

struct approved	*approved_read(struct config *config, const char *parameter);	/* fatal when it cannot be read */
void		 approved_each(const struct approved *approved, void (*each)(struct view table, void *arg), void *arg);
bool		 approved_has(const struct approved *approved, struct view table);	/* "type:name" */

#endif
