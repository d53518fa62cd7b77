/*
 * queue_reader: reads a queue file record by record, following pointers, with all lengths checked: a damaged file is a
 * result, never a crash. And the envelope of a message as a struct.
 */
#ifndef GLOBAL_QUEUE_QUEUE_READER_H
#define GLOBAL_QUEUE_QUEUE_READER_H

#include "global/queue/queue_id.h"
#include "global/queue/record.h"
#include "util/base/arena.h"

struct queue_reader;

enum queue_read { QUEUE_READ_RECORD, QUEUE_READ_END, QUEUE_READ_CORRUPT, QUEUE_READ_ERROR };	/* END: end of file */

struct queue_reader *queue_reader_new(int fd);		/* borrows fd; uses pread only */
/*
 * A file known from elsewhere than the disk: its bytes from the start to the content, and from behind the content to the
 * end. What lies between reads as the end of the file. Views are borrowed as long as the reader lives.
 */
struct queue_image {
	struct view head, tail;
	off_t tail_at;
};
struct queue_reader *queue_reader_of_image(const struct queue_image *image);
void		 queue_reader_free(struct queue_reader *reader);
void		 queue_reader_seek(struct queue_reader *reader, off_t at);
void		 queue_reader_follow(struct queue_reader *reader, bool follow);	/* pointers: default true */
/* The record's view lives until the next call. at (may be NULL): its offset. */
enum queue_read	 queue_reader_next(struct queue_reader *reader, struct record *out, off_t *at, struct buf *why);
off_t		 queue_reader_offset(const struct queue_reader *reader);	/* of the next record */

/* The size record (doc/queue-file.md, section 5). */
struct queue_size {
	long long content_size, data_offset, recipients, qmgr_flags, logical_size, options;
};
enum {
	QUEUE_OPTION_SMTPUTF8_REQUESTED = 1, QUEUE_OPTION_SMTPUTF8_HEADER = 2, QUEUE_OPTION_SMTPUTF8_SENDER = 4,
	QUEUE_OPTION_SMTPUTF8_RECIPIENT = 8, QUEUE_OPTION_TLS_NOT_REQUIRED = 16, QUEUE_OPTION_REQUIRETLS = 32,
};
bool	queue_number(struct cursor *in, long long *out);		/* blanks, sign, digits: the form of "%15ld" */
void	queue_size_put(struct buf *out, const struct queue_size *size);	/* 95 bytes of data */
/* data_offset is 0 when the record tells no layout: mail from maildrop, unfinished or very old files. */
bool	queue_size_parse(struct view data, struct queue_size *out);

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
	bool have_sender, have_time, complete;	/* complete: the end record was seen */
};

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

/* Marks a recipient done: D over R at its offset. Already done is success; another record there is an error. */
bool	queue_mark_done(int fd, off_t offset, struct buf *why);
bool	queue_mark_corrupt(int fd);				/* fchmod 0400 */

#endif
