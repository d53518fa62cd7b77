/* probe: the message that finds out about an address. It is queued like any other, and marked as a probe. */
#ifndef VERIFY_PROBE_H
#define VERIFY_PROBE_H

#include "global/client/cleanup.h"
#include "global/client/verify.h"

struct probe_settings {
	struct verify_sender sender;
	const char *myhostname, *mail_name, *utf8_classes;
	bool utf8;
};

/*
 * True: it is in the queue; or it went no further, as the address stands for several, and told says so (else it is empty).
 * A failure is logged.
 */
bool	probe_send(const struct probe_settings *settings, struct cleanup_client *cleanup, struct view address, struct buf *told);

#endif
