/*
 * message: one message on its way into the queue, and the process it goes through. A message begins zeroed and ends
 * with message_end(): nothing of it reaches the next one over the same connection.
 */
#ifndef CLEANUP_MESSAGE_H
#define CLEANUP_MESSAGE_H

#include "cleanup/config.h"
#include "global/client/cleanup.h"
#include "global/client/qmgr.h"
#include "global/config/own_networks.h"
#include "global/message/mime.h"
#include "global/queue/queue_writer.h"
#include "table/maps.h"
#include "table/match_list.h"
#include "util/base/arena.h"
#include "util/base/hash.h"

enum { CLASS_ENVELOPE_SENDER = 1, CLASS_ENVELOPE_RECIPIENT = 2, CLASS_HEADER_SENDER = 4, CLASS_HEADER_RECIPIENT = 8 };

/* What looks at content. */
enum check_kind { CHECK_HEADER, CHECK_MIME_HEADER, CHECK_NESTED_HEADER, CHECK_BODY, CHECK_COUNT };

struct cleanup_bytes {
	bool any, member[256];
};

/* What lives as long as the process. */
struct cleanup {
	const struct cleanup_config *config;
	struct queue_layout layout;
	struct maps *canonical, *sender_canonical, *recipient_canonical, *virtual_alias;
	struct maps *sender_bcc, *recipient_bcc;
	struct maps *checks[CHECK_COUNT];
	struct mime_policy mime;
	struct cleanup_bytes stripped, rejected;	/* message_strip_characters, message_reject_characters */
	unsigned canonical_classes, sender_canonical_classes, recipient_canonical_classes, masquerade_classes;
	bool propagate_canonical, propagate_virtual;
	struct match_list *mydestination;
	struct own_addresses own;	/* where there are tables of addresses */
	struct announcer *announcer;
	int flow_fd;			/* tokens of qmgr, or -1 */
};

enum message_stage { STAGE_ENVELOPE, STAGE_HEADER, STAGE_BODY, STAGE_EXTRACTED, STAGE_DONE };

/* A recipient as it came, before mapping; and what was said about it in records before its own. */
struct message_recipient {
	struct view address, original, dsn_orcpt;	/* internal form */
	int dsn_notify;
};

/* Recipients that are remembered, with all their text, in the arena of the message. */
struct recipient_list {
	struct message_recipient *items;
	size_t count, room;
};

struct message {
	struct cleanup *cleanup;
	struct arena arena;
	unsigned flags;			/* CLEANUP_*: what the client asked for */
	unsigned status;		/* what failed */
	struct buf reason;		/* replaces the standard text of the first failure */
	struct buf id;
	struct queue_writer *writer;
	enum message_stage stage;
	struct buf head, tail;		/* what the file has before and behind its content, for the announcement */
	bool image_full;		/* that is too much: only the id is announced */

	/* envelope */
	struct timeval arrival;
	long long options;
	bool have_time, have_create_time, have_sender, have_warn_time, remote_context, mixed;
	struct view sender, full_name, encoding;
	struct view client_name, client_address, helo_name, protocol_name, origin;
	int attributes;
	struct message_recipient pending;	/* gathers the records before an R */
	struct view first_recipient;		/* for log lines */
	bool is_probe;			/* of an address, by verify */
	size_t recipients, done_recipients;
	unsigned notify;			/* of all recipients */
	struct recipient_list kept;		/* those written, when we may have to bounce */
	struct recipient_list expanded;		/* aliases whose sender wants to hear of success */
	struct view envid;
	int ret;
	struct hash *seen_recipients;

	/* content */
	off_t data_offset, extracted_offset;
	struct mime *mime;
	struct buf line;		/* what came of a line of the body not yet ended */
	unsigned long long seen_headers;	/* bits by enum header_type */
	bool seen_resent;
	int hops;
	struct view message_id;
	long long body_checked;		/* of this part */
	struct buf text;		/* scratch */

	/* decided by checks */
	struct view filter, redirect;
	struct recipient_list bcc;
	bool checks_passed;		/* PASS: no more header or body checks */
	bool extracted_begun;		/* our own records of the extracted segment are written */
};

void	message_begin(struct message *m, struct cleanup *cleanup, unsigned flags);
void	message_end(struct message *m);
/* Records a failure; the reason (may be NULL) of the first one stands. */
void	message_fail(struct message *m, unsigned status, const char *reason);
bool	message_failed(const struct message *m);
/* Makes the queue file. */
bool	message_open(struct message *m);
/* A record for the queue file; dropped when the message has failed. */
void	message_put(struct message *m, int type, struct view data);
void	message_put_attribute(struct message *m, const char *name, struct view value);
/* Records as the client sent them, in a block. False: it is pointless to send more. */
bool	message_take_records(struct message *m, struct view block);
/* Makes the file durable, or removes it. The status that the client is told. */
unsigned message_commit(struct message *m);

/* -- the stages, a file each -- */
typedef void record_handler(struct message *m, const struct record *record);

void	envelope_record(struct message *m, const struct record *record);
void	envelope_attribute(struct message *m, const struct record *record);
void	envelope_flags(struct message *m, const struct record *record);
void	content_begin(struct message *m);
void	content_record(struct message *m, const struct record *record);
void	content_end(struct message *m);
void	extracted_record(struct message *m, const struct record *record);
void	extracted_finish(struct message *m);

/* The message cannot be queued and nobody waits for the answer: returns it to its sender. The status that is left. */
unsigned bounce_message(struct message *m);
/* Has the message failed in a way that sends it back? Then the recipients yet to come are wanted. */
bool	bounce_gathers(const struct message *m);
void	bounce_gather(struct message *m, const struct record *record);
void	bounce_keep(struct message *m, const struct message_recipient *recipient);

/* A line of content, divided as line_length_limit demands. */
void	content_put_line(struct message *m, struct view line);
void	content_put_header(struct message *m, struct view header);
void	header_take(struct message *m, enum mime_section section, const struct header_name *name, struct view text);
void	header_add_missing(struct message *m);

/* -- addresses: internal form in and out; false when a table could not be asked (the message has failed then) -- */
bool	address_map(struct message *m, enum rewrite_context context, unsigned address_class, struct view in, struct buf *out);
bool	canonical_map(struct message *m, unsigned address_class, struct buf *address);
void	masquerade(const struct cleanup_config *config, struct buf *address);
enum lookup	address_is_local(const struct cleanup *cleanup, struct view internal);

void	recipient_remember(struct message *m, struct recipient_list *list, const struct message_recipient *recipient);
bool	recipient_report_expanded(struct message *m);	/* to the trace log; false: try later */
void	recipient_add(struct message *m, const struct message_recipient *recipient);
void	recipient_add_bcc(struct message *m, struct maps *maps, struct view key);
void	recipient_copy(struct message *m, struct view address);
/* All addresses that this one stands for. */
bool	virtual_alias_expand(struct message *m, struct view address, struct view **out, size_t *count);

enum check_verdict { CHECK_KEEP, CHECK_DROP };
/* Header or body checks for one header or line; replacement (may change) is set when text is to be put instead. */
enum check_verdict checks_apply(struct message *m, enum check_kind kind, struct view text, struct buf *replacement);
/* "reject: what culprit from ...": reason may be NULL. */
void	checks_log_reject(const struct message *m, const char *what, struct view culprit, const char *reason);

#endif
