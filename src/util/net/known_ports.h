/*
 * known_ports: port names that do not depend on the host's services file.
 */
#ifndef UTIL_NET_KNOWN_PORTS_H
#define UTIL_NET_KNOWN_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/text/view.h"

/*
 * A number, a name from the list ("lmtp=24, smtps=submissions=465"), or a name the system knows. False when it is none
 * of these, or no port from 1 to 65535.
 */
bool	known_port(struct view list, struct view name, uint16_t *port);

#endif
