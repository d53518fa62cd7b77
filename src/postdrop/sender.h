/*
 * sender: may this user submit mail from this address (local_login_sender_maps)?
 */
#ifndef POSTDROP_SENDER_H
#define POSTDROP_SENDER_H

#include "util/text/view.h"

void	sender_require_allowed(void *config, struct view sender);	/* fatal when not */

#endif
