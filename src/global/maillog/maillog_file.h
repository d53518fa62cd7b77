/*
 * maillog_file: the log file that maillog_file names. Whoever writes it opens it here: postlogd, and root's commands
 * while mail is stopped. So one place decides which paths are allowed, which permissions the file has, and how a line
 * looks.
 */
#ifndef GLOBAL_MAILLOG_MAILLOG_FILE_H
#define GLOBAL_MAILLOG_MAILLOG_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "global/config/config.h"
#include "util/log/log.h"
#include "util/text/buf.h"

struct maillog_file {
	const char *path;		/* "": syslog */
	const char *prefixes;		/* what the path may begin with */
	mode_t mode;			/* of a new file */
};

bool	maillog_file_bind(struct config *config, struct maillog_file *file, struct buf *why);
bool	maillog_file_is_stdout(const struct maillog_file *file);
/* True for syslog; false with a reason when no prefix allows the path. */
bool	maillog_file_allowed(const struct maillog_file *file, struct buf *why);
/* For appending; standard output is duplicated, since who dropped privileges cannot open it again. -1: failed. */
int	maillog_file_open(const struct maillog_file *file, struct buf *why);
/* "Nov 21 09:58:33 mail postfix/smtpd[123]: warning: text", without a line end. */
void	maillog_file_line(struct buf *out, enum log_level level, struct view text);
/*
 * Appends a line that came as a datagram. Anybody in the group of the set-gid commands can send anything: every byte is
 * made printable again, length is bounded, and one write makes one line.
 */
void	maillog_file_append(int file, struct view datagram);
/* Appends all that waits in the socket now. */
void	maillog_file_drain(int file, int socket);

#endif
