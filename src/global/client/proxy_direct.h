/*
 * proxy_direct: `proxy:type:name` opened in this process, before it gives up its privileges.
 */
#ifndef GLOBAL_CLIENT_PROXY_DIRECT_H
#define GLOBAL_CLIENT_PROXY_DIRECT_H

void	proxy_direct_register(void);	/* makes "proxy" a table type */

#endif
