/*
 * anvil client: tells anvil what a remote client does, and hears how often it did so lately. Counts are kept per service
 * and client; they are hints that must not stop mail: without anvil there are no limits.
 */
#ifndef GLOBAL_CLIENT_ANVIL_H
#define GLOBAL_CLIENT_ANVIL_H

#include "util/ipc/channel.h"

extern const struct ipc_protocol anvil_protocol;

enum anvil_event { ANVIL_CONNECT, ANVIL_DISCONNECT, ANVIL_MESSAGE, ANVIL_RECIPIENT, ANVIL_NEW_TLS, ANVIL_AUTH, ANVIL_EVENTS };

struct anvil_report {
	int event;			/* enum anvil_event */
	struct view service, client;	/* "smtp", "192.0.2.1" or "2001:db8::/84" */
};

struct anvil_counts {
	int connections;		/* open now */
	int rate;			/* of this event, within anvil_rate_time_unit */
};

struct anvil;

struct anvil	*anvil_new(const char *path, msec_t timeout_ms);	/* "private/anvil" */
void		 anvil_free(struct anvil *anvil);
/* False: could not ask (which is logged); counts are zero then. */
bool		 anvil_tell(struct anvil *anvil, const struct anvil_report *report, struct anvil_counts *counts);

enum { ANVIL_FRAME_REPORT = FRAME_TYPE_FIRST, ANVIL_FRAME_COUNTS };
void		 anvil_report_put(struct buf *out, const struct anvil_report *report);
bool		 anvil_report_get(const struct frame *frame, struct anvil_report *report, struct buf *why);
void		 anvil_counts_put(struct buf *out, const struct anvil_counts *counts);
bool		 anvil_counts_get(const struct frame *frame, struct anvil_counts *counts, struct buf *why);

#endif
