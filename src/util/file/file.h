/*
 * file: opening, reading, replacing and locking files. Failures give -1 or false with errno and a reason that names
 * the path.
 */
#ifndef UTIL_FILE_FILE_H
#define UTIL_FILE_FILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "util/base/clock.h"
#include "util/text/buf.h"

int	file_open(const char *path, int flags, mode_t mode, struct buf *why);	/* O_CLOEXEC is added */
/*
 * Opens what others could have planted: a regular file with one link that is no symbolic link, checked before and
 * after (a link is followed only when its directory belongs to root and nobody else may write there). owner -1: any.
 */
int	file_open_checked(const char *path, int flags, mode_t mode, uid_t owner, struct stat *st, struct buf *why);
bool	file_read_all(const char *path, size_t limit, struct buf *out, struct buf *why);	/* EFBIG above limit */
bool	file_read_fd(int fd, size_t limit, struct buf *out, struct buf *why);
bool	file_write_all(int fd, struct view v, struct buf *why);	/* retries short writes and EINTR */
bool	file_pread_all(int fd, void *data, size_t len, off_t at);	/* all of it, or false (errno 0: end of file) */
bool	file_pwrite_all(int fd, const void *data, size_t len, off_t at);
/* Writes path.tmp beside it with the same owner and mode as the old file (or mode), syncs, renames, syncs the directory. */
bool	file_replace(const char *path, struct view content, mode_t mode, struct buf *why);
/*
 * The same around a look at the old content: from begin to end or cancel nobody else can replace this file by these
 * functions, others wait until the deadline. What is returned is path.tmp, empty and locked, or -1
 * (ETIMEDOUT when the time is over). end closes it, whether it succeeds or not; without success the old file is as it was.
 */
int	file_edit_begin(const char *path, msec_t deadline, struct buf *why);
bool	file_edit_end(int fd, const char *path, struct view content, mode_t mode, struct buf *why);
void	file_edit_cancel(int fd, const char *path);
/* The names in it are on the disk; where directories know of no sync, as safe as they get there. */
bool	file_sync_directory(const char *path_of_file, struct buf *why);
/*
 * Do changes of names reach the disk in the order in which they were made, for both files? Then a name made beside one is
 * safe before a name beside the other goes: one file system, with one log for all names (ext4, XFS) or without a disk.
 * (ext2, and ext4 without a journal, have the same number: nothing is safe there that was not synced, the queue's own
 * renames included; a sync of one directory would promise what the rest does not keep.)
 */
bool	file_names_keep_order(int fd, int other);
bool	file_make_directories(const char *path, mode_t mode, struct buf *why);	/* mkdir -p */

enum file_lock_style { FILE_LOCK_FLOCK, FILE_LOCK_FCNTL };
enum file_lock_kind { FILE_LOCK_SHARED, FILE_LOCK_EXCLUSIVE, FILE_LOCK_NONE };

bool	file_lock(int fd, enum file_lock_style style, enum file_lock_kind kind, msec_t deadline);	/* deadline 0: do not wait; EAGAIN */
bool	fd_set_nonblocking(int fd, bool on);
bool	fd_set_cloexec(int fd, bool on);
bool	fd_wait(int fd, short events, msec_t deadline);	/* poll; false with ETIMEDOUT; error and hangup count as ready */

#endif
