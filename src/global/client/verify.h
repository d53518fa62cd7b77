/*
 * verify client: the service verify remembers whether mail for an address can be delivered, and finds out by probes:
 * messages that agents carry as far as they get without delivering. smtpd asks, agents report.
 *
 * The addresses that probes come from live here too, since smtpd accepts mail for them.
 */
#ifndef GLOBAL_CLIENT_VERIFY_H
#define GLOBAL_CLIENT_VERIFY_H

#include <time.h>

#include "util/ipc/channel.h"

extern const struct ipc_protocol verify_protocol;

enum { VERIFY_FRAME_QUERY = FRAME_TYPE_FIRST, VERIFY_FRAME_UPDATE, VERIFY_FRAME_RESULT };
enum { VERIFY_TEXT_MAX = 4096 };

enum verify_status {			/* the first four as they stand in the cache */
	VERIFY_DELIVERABLE,
	VERIFY_DEFERRED,		/* the probe was put off: says nothing about the address */
	VERIFY_UNDELIVERABLE,
	VERIFY_TODO,			/* a probe is on its way: ask again */
	VERIFY_UNAVAILABLE,		/* the cache or the service cannot be asked: try again later */
};

struct verify_message {			/* one form for question, report and answer */
	struct view address;		/* internal form; of a report: the original recipient */
	int status;			/* enum verify_status; not in questions */
	struct view text;		/* what the agent said */
};

struct verifier;

struct verifier	*verifier_new(const char *path, msec_t timeout_ms);	/* "private/verify" */
void		 verifier_free(struct verifier *verifier);
/* Waits, and starts a probe where one is due. text: why, empty when unavailable. */
enum verify_status verify_query(struct verifier *verifier, struct view address, struct buf *text);
/* A probe's outcome; false: not recorded (logged). status: DELIVERABLE, DEFERRED or UNDELIVERABLE. */
bool		 verify_update(struct verifier *verifier, struct view address, enum verify_status status, struct view text);

void	verify_message_put(struct buf *out, unsigned type, const struct verify_message *message);	/* long texts are cut */
bool	verify_message_get(const struct frame *frame, struct verify_message *message, struct buf *why);

/*
 * The sender of probes: address_verify_sender, completed with myorigin; with a lifetime, its local part ends in something
 * that changes with time, so that what is sent back to an old one can be told apart. "<>" or "": the null sender.
 */
struct verify_sender {
	const char *address, *myorigin;	/* address_verify_sender, myorigin */
	int ttl_sec;			/* address_verify_sender_ttl; 0: never changes */
};
void	verify_sender_put(const struct verify_sender *sender, time_t now, struct buf *out);	/* internal form */
/* Is this a sender of probes of now, or of the time before? */
bool	verify_sender_is(const struct verify_sender *sender, time_t now, struct view address);

#endif
