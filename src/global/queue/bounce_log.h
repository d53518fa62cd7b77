/*
 * bounce_log: the logs of a message in bounce/, defer/ and trace/: why recipients failed, are deferred, or what became of
 * them. A file of text, an entry per recipient (doc/queue-file.md, section 9). Addresses in an entry are in internal form.
 *
 * Writing makes every value one printable line, so that no value can pretend to be another.
 */
#ifndef GLOBAL_QUEUE_BOUNCE_LOG_H
#define GLOBAL_QUEUE_BOUNCE_LOG_H

#include "global/queue/queue_id.h"
#include "util/base/arena.h"

struct bounce_log_entry {
	struct view recipient, original;	/* original: "" when it is the same */
	struct view dsn_orcpt;			/* "rfc822;text", or "" */
	int dsn_notify;				/* 0: not given */
	int64_t offset;				/* of the recipient record; 0: not known */
	struct view status, action;		/* "4.4.1", "delayed" */
	struct view diag_type, diag_text;	/* both or none */
	struct view mta_type, mta_name;		/* both or none */
	struct view reason;
};

/*
 * Appends one entry under an exclusive lock, and syncs. What cannot be written whole is cut off again, so that the caller
 * may fail the request and try later. An entry never goes to a file that has lost its name meanwhile. compatible: with the line that old programs read (backwards_bounce_logfile_compatibility).
 */
bool	bounce_log_append(const struct queue_layout *layout, const char *queue, struct view id,
	    const struct bounce_log_entry *entry, bool compatible, struct buf *why);

struct bounce_log;

/* NULL with errno (ENOENT: there is none) and a reason. */
struct bounce_log *bounce_log_open(const struct queue_layout *layout, const char *queue, struct view id, struct buf *why);
/* The next entry, whose views live until the next call; what a damaged one lacks is filled in. False at the end. */
bool		 bounce_log_next(struct bounce_log *log, struct bounce_log_entry *entry);
void		 bounce_log_rewind(struct bounce_log *log);	/* the first entry is the next one */
bool		 bounce_log_damaged(const struct bounce_log *log);	/* the disk failed: not all was read */
void		 bounce_log_close(struct bounce_log *log);

/*
 * Removes what was read, or, where log is NULL, a log without entries; that it is gone already is as good. False when
 * there is more in it than that: an entry may come while a notice is made, and must not go unread.
 */
bool	bounce_log_remove(const struct queue_layout *layout, const char *queue, struct view id, const struct bounce_log *log,
	    struct buf *why);

/* One entry as text ↔ struct; views of a parsed one point into the arena. queue names the defaults: "defer" or another. */
void	bounce_log_format(struct buf *out, const struct bounce_log_entry *entry, bool compatible);
void	bounce_log_parse(struct view lines, const char *queue, struct arena *arena, struct bounce_log_entry *entry);

#endif
