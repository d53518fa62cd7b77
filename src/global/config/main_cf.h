/*
 * main_cf: reading main.cf: `name = value` in logical lines (logical_line.h). The parser does no I/O; the reader waits
 * until an editor has finished, so that nobody sees half of a change.
 */
#ifndef GLOBAL_CONFIG_MAIN_CF_H
#define GLOBAL_CONFIG_MAIN_CF_H

#include <stdint.h>
#include <sys/stat.h>

#include "util/text/buf.h"

/* Called for each setting in the order of the file; a later one for the same name wins. false ends the parse. */
typedef bool	main_cf_setting(struct view name, struct view value, int line, void *arg);

bool	main_cf_parse(struct view text, const char *path, main_cf_setting *each, void *arg, struct buf *why);
/* "name = value" or "{ name = value }" as -o and environment lists have it; views into text. */
bool	main_cf_split(struct view text, struct view *name, struct view *value, struct buf *why);

/* Which file, and which state of it. All members count; there is no padding. */
struct file_identity {
	uint64_t device, inode, size, mtime_sec, mtime_nsec;
};

void	file_identity_of(const struct stat *st, struct file_identity *out);
bool	file_identity_equal(const struct file_identity *a, const struct file_identity *b);
/* Reads the file until it stays the same while it is read. */
bool	main_cf_read(const char *path, struct buf *text, struct file_identity *id, struct buf *why);

#endif
