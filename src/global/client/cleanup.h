/*
 * cleanup client: hands a message to cleanup over one private connection, kept for further messages.
 *
 * open → put envelope records → put content records → put extracted records → finish. Records gather in blocks that are
 * sent when full, or pushed; writing watches for STOP. The queue id arrives when cleanup made the file: cleanup_id() waits
 * for it.
 */
#ifndef GLOBAL_CLIENT_CLEANUP_H
#define GLOBAL_CLIENT_CLEANUP_H

#include "global/queue/record.h"
#include "util/ipc/channel.h"

extern const struct ipc_protocol cleanup_protocol;

enum {				/* what cleanup shall do to this message */
	CLEANUP_BOUNCE		= 1 << 0,	/* on failure: bounce rather than tell */
	CLEANUP_FILTER		= 1 << 1,	/* header and body checks, milters for content */
	CLEANUP_HOLD		= 1 << 2,
	CLEANUP_DISCARD		= 1 << 3,
	CLEANUP_MAP_VIRTUAL	= 1 << 4,
	CLEANUP_MAP_BCC		= 1 << 5,
	CLEANUP_MAP_CANONICAL	= 1 << 6,
	CLEANUP_MILTER		= 1 << 7,
	CLEANUP_SMTP_REPLY	= 1 << 8,
	CLEANUP_SMTPUTF8	= 1 << 9,
	CLEANUP_AUTO_UTF8	= 1 << 10,
	CLEANUP_ANY_SIZE	= 1 << 11,	/* message_size_limit does not hold: a notice names however many recipients */
	CLEANUP_EXTERNAL	= CLEANUP_FILTER | CLEANUP_MAP_VIRTUAL | CLEANUP_MAP_BCC | CLEANUP_MAP_CANONICAL | CLEANUP_MILTER,
	CLEANUP_INTERNAL	= CLEANUP_MAP_VIRTUAL | CLEANUP_MAP_CANONICAL,	/* notices, and what was inspected before */
};

enum cleanup_status {		/* bits; cleanup_reply() has the row of the worst */
	CLEANUP_OK		= 0,
	CLEANUP_BAD		= 1 << 0,	/* internal protocol error */
	CLEANUP_WRITE		= 1 << 1,	/* queue file write error */
	CLEANUP_SIZE		= 1 << 2,	/* message file too big */
	CLEANUP_CONTENT		= 1 << 3,	/* content rejected */
	CLEANUP_HOPS		= 1 << 4,	/* too many hops */
	CLEANUP_NO_RECIPIENTS	= 1 << 5,
	CLEANUP_PROXY		= 1 << 6,
	CLEANUP_DEFER		= 1 << 7,	/* service unavailable */
	CLEANUP_NO_PERMISSION	= 1 << 8,
	CLEANUP_BARE_LF		= 1 << 9,
};

struct cleanup_reply_row {
	unsigned status;
	int smtp_code;
	const char *dsn;
	const char *text;
	int exit_status;		/* sysexits, for local submission */
};
/* The row of the worst status bit. */
const struct cleanup_reply_row *cleanup_reply(unsigned status);

/* receive_override_options: takes away what the words name. False: the last unknown one is in why. */
bool		 cleanup_override(unsigned *flags, const char *options, struct buf *why);
/*
 * smtputf8_autodetect_classes: CLEANUP_AUTO_UTF8 when mail of this origin ("sendmail", "bounce") is looked through for
 * addresses in UTF-8; enabled: smtputf8_enable.
 */
unsigned	 cleanup_utf8_flags(bool enabled, const char *classes, const char *origin);

/* Notices are internal mail: inspected only where internal_mail_filter_classes names their class ("bounce", "notify"). */
unsigned cleanup_notice_flags(const char *filter_classes, const char *class);

struct cleanup_client;

/* service: "public/cleanup"; several masters' cleanup services may exist (cleanup_service_name). */
struct cleanup_client *cleanup_client_new(const char *path, msec_t timeout_ms);
void		 cleanup_client_free(struct cleanup_client *client);
bool		 cleanup_client_holds(const struct cleanup_client *client);	/* is a connection kept? */
void		 cleanup_client_release(struct cleanup_client *client);	/* closes a kept connection (idle session) */

bool		 cleanup_open(struct cleanup_client *client, unsigned flags, struct buf *why);
void		 cleanup_put(struct cleanup_client *client, int type, struct view data);
void		 cleanup_printf(struct cleanup_client *client, int type, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The fields that mail of our own begins with: where it came into being, under this queue id, and when. */
void		 cleanup_put_origin(struct cleanup_client *client, const char *hostname, const char *mail_name, struct view id);
void		 cleanup_push(struct cleanup_client *client);	/* what was put goes now: cleanup works while we do other things */
/* The id, or an empty view when cleanup failed to make a file. */
struct view	 cleanup_id(struct cleanup_client *client);
bool		 cleanup_failed(const struct cleanup_client *client);	/* connection lost or STOP: further puts are thrown away */
/* Ends the message. Status bits; why: the text that replaces the standard one, if any. */
unsigned	 cleanup_finish(struct cleanup_client *client, struct buf *reason);
void		 cleanup_abort(struct cleanup_client *client);		/* an abort frame: the file is removed */

/* The server's side: frame types and fields (tags in cleanup_protocol.c). */
enum { CLEANUP_FRAME_OPEN = FRAME_TYPE_FIRST, CLEANUP_FRAME_RECORDS, CLEANUP_FRAME_END, CLEANUP_FRAME_ABORT, CLEANUP_FRAME_ID, CLEANUP_FRAME_STATUS };

struct cleanup_open_message { uint64_t flags; };
struct cleanup_id_message { struct view id; };
struct cleanup_status_message { uint64_t status; struct view reason; };

void		 cleanup_open_put(struct buf *out, const struct cleanup_open_message *message);
bool		 cleanup_open_get(const struct frame *frame, struct cleanup_open_message *message, struct buf *why);
void		 cleanup_id_put(struct buf *out, const struct cleanup_id_message *message);
bool		 cleanup_id_get(const struct frame *frame, struct cleanup_id_message *message, struct buf *why);
void		 cleanup_status_put(struct buf *out, const struct cleanup_status_message *message);
bool		 cleanup_status_get(const struct frame *frame, struct cleanup_status_message *message, struct buf *why);

#endif
