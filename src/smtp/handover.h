/* handover: sessions that go from one agent to another by way of scache. */
#ifndef SMTP_HANDOVER_H
#define SMTP_HANDOVER_H

#include "global/client/scache.h"
#include "smtp/session.h"

/* Gives the session away, for at most so long. */
void		session_hand_over(struct session *session, struct scache *scache, struct view key, msec_t rest_ms);
/* NULL: there is none. The server must be asked whether it is still there (session_alive()). */
struct session	*session_take_over(const struct client *client, struct scache *scache, struct view key);

#endif
