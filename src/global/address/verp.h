/*
 * verp: variable envelope return paths: a sender that names the recipient, so that a bounce says by its address who it is
 * about. "list@example.com" to "user@host" becomes "list+user=host@example.com" with the delimiters "+=".
 */
#ifndef GLOBAL_ADDRESS_VERP_H
#define GLOBAL_ADDRESS_VERP_H

#include "util/text/buf.h"

/*
 * Internal forms; appends. A sender without domain, or bad delimiters, leave the sender as it is. A recipient who was named
 * without a domain has none here: "list+user@example.com".
 */
void	verp_put(struct buf *out, struct view sender, struct view recipient, struct view delimiters);

#endif
