/*
 * envelope: what a queue file says about its message, as a struct, and the recipients, a part of them at a time. Values
 * are views into the caller's arena.
 */
#ifndef GLOBAL_QUEUE_ENVELOPE_H
#define GLOBAL_QUEUE_ENVELOPE_H

#include <sys/time.h>

#include "global/queue/queue_reader.h"
#include "global/queue/queue_size.h"
#include "util/base/arena.h"

/* RFC 3461, 4.1 and 4.3: when recipients want a report, and what it shall hold. */
enum { DSN_NOTIFY_NEVER = 1, DSN_NOTIFY_SUCCESS = 2, DSN_NOTIFY_FAILURE = 4, DSN_NOTIFY_DELAY = 8 };
enum { DSN_RET_FULL = 1, DSN_RET_HDRS = 2 };
enum { TRACE_PROBE = 256, TRACE_USER_VERIFY = 512, TRACE_RECORD = 1024, TRACE_ON_DEMAND = 2048, TRACE_DELAY_SENT = 8192 };

struct queue_recipient {
	struct view address;		/* internal form */
	struct view original;		/* "" when not recorded */
	struct view dsn_orcpt;		/* "rfc822;text" */
	int dsn_notify;			/* 0: not given */
	off_t offset;			/* of its R record: to mark it done */
	bool done;
};

/* Everything but the recipients; views into the caller's arena. */
struct queue_envelope {
	struct queue_size size;
	struct timeval arrival;
	long long create_time;
	struct view sender, full_name, filter, redirect, encoding, log_ident, rewrite_context;
	struct view sasl_method, sasl_username, sasl_sender, envid, message_id;
	struct view log_client_name, log_client_address, log_client_port, log_helo_name, log_protocol_name, log_message_origin;
	struct view client_name, reverse_client_name, client_address, client_port, client_helo, client_protocol;
	struct view server_address, server_port;
	struct view verp;
	int client_address_type, ret, trace_flags;
	off_t warn_offset, trace_offset;	/* of the W and trace_flags records; 0: none */
	long long warn_time;			/* 0: none or sent */
	bool warned;				/* sent */
	bool have_sender, have_time, complete;	/* complete: the end record was seen */
};

/*
 * A time record: "seconds microseconds", or seconds alone. From 1970 to the year 9999: what others say must not be more
 * than we can reckon with, or hand to an agent.
 */
#define QUEUE_TIME_MAX	253402300799LL
bool		queue_time_parse(struct view data, struct timeval *out);

/*
 * Reads the envelope and at most recipients_max recipients (0: none are wanted) from where *resume says (0: from the
 * start); sets *resume to where to go on, or 0 when all were read. Recipients that are done are left out (done_count, may
 * be NULL, counts them).
 *
 * QUEUE_READ_RECORD: good, and more recipients wait at *resume. QUEUE_READ_END: good, and all were read. Anything else is
 * a failure, with what was read so far. The first round fills *envelope and makes sure that the file has sender, time,
 * content and end; a later one is given the same *envelope, which it leaves as it is. A redirect is reported, not applied.
 * size.data_offset is always set after success, found by looking where the size record does not tell it.
 */
enum queue_read	queue_envelope_read(int fd, struct arena *arena, struct queue_envelope *envelope, struct queue_recipient **recipients,
		    size_t *recipient_count, size_t recipients_max, off_t *resume, size_t *done_count, struct buf *why);

/* The same from an image of a file, all at once; QUEUE_READ_RECORD: it has more recipients than that. */
enum queue_read	queue_envelope_read_image(const struct queue_image *image, struct arena *arena, struct queue_envelope *envelope,
		    struct queue_recipient **recipients, size_t *recipient_count, size_t recipients_max, struct buf *why);

#endif
