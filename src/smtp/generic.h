/* generic: smtp_generic_maps: local addresses become ones that are valid outside, in the envelope and in headers. */
#ifndef SMTP_GENERIC_H
#define SMTP_GENERIC_H

#include "smtp/client.h"

/* Replaces *out with the address to use, in internal form. False: a table could not be asked. */
bool	generic_map(const struct client *client, struct view address, struct buf *out);
/* A header field of addresses: true when it changed; then out holds all of it. *failed: a table could not be asked. */
bool	generic_map_header(const struct client *client, struct view field, struct buf *out, bool *failed);

#endif
