#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postsuper/postsuper.h"
#include "util/log/log.h"

static const char *const log_queues[] = { QUEUE_BOUNCE, QUEUE_DEFER, QUEUE_TRACE };

static bool
find(const struct queue_layout *layout, const char *queue, struct view id, struct buf *path, struct stat *st)
{
	queue_path(path, layout, queue, id);
	return lstat(buf_c(path), st) == 0 && S_ISREG(st->st_mode);
}

/* Moves a complete message; what else happens to it comes first, so that nobody finds it half changed. */
static bool
move(const struct queue_layout *layout, const char *from, const char *to, struct view id, const char *what)
{
	struct buf why = BUF_INIT;
	bool moved = queue_move(layout, from, to, id, &why);

	if (moved)
		log_info("%.*s: %s", VIEW_ARG(id), what);
	else if (errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
	return moved;
}

static bool
complete(const struct queue_layout *layout, const char *queue, struct view id, struct buf *path, struct stat *st)
{
	return find(layout, queue, id, path, st) && queue_file_complete(st);
}

bool
message_delete(const struct queue_layout *layout, const char *queue, struct view id)
{
	struct buf path = BUF_INIT, why = BUF_INIT;
	struct stat st;
	bool removed = find(layout, queue, id, &path, &st) && queue_remove(layout, queue, id, &why);

	if (removed) {
		for (size_t i = 0; i < ARRAY_COUNT(log_queues); i++)
			queue_remove(layout, log_queues[i], id, NULL);
		log_info("%.*s: removed", VIEW_ARG(id));
	} else if (why.len > 0 && errno != ENOENT) {
		log_warn("%s", buf_c(&why));
	}
	buf_fini(&path);
	buf_fini(&why);
	return removed;
}

bool
message_hold(const struct queue_layout *layout, const char *queue, struct view id)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool moved = strcmp(queue, QUEUE_HOLD) != 0 && complete(layout, queue, id, &path, &st) &&
	    move(layout, queue, QUEUE_HOLD, id, "placed on hold");

	buf_fini(&path);
	return moved;
}

/* The time of the next try is now. */
static bool
release(const struct queue_layout *layout, const char *path, struct view id, const char *what)
{
	utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
	return move(layout, QUEUE_HOLD, QUEUE_DEFERRED, id, what);
}

bool
message_release(const struct queue_layout *layout, const char *queue, struct view id)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool released = strcmp(queue, QUEUE_HOLD) == 0 && complete(layout, queue, id, &path, &st) &&
	    release(layout, buf_c(&path), id, "released from hold");

	buf_fini(&path);
	return released;
}

/* Not readable for others: so pickup knows that it comes from here and may hold what users may not submit. */
bool
message_requeue(const struct queue_layout *layout, const char *queue, struct view id)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool moved = complete(layout, queue, id, &path, &st) && chmod(buf_c(&path), S_IRWXU) == 0 &&
	    move(layout, queue, QUEUE_MAILDROP, id, "requeued");

	buf_fini(&path);
	return moved;
}

static bool
expire(const struct queue_layout *layout, const char *queue, struct view id, bool release_held)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool done = complete(layout, queue, id, &path, &st) &&
	    chmod(buf_c(&path), (st.st_mode & 07777) | S_IXGRP) == 0;

	if (done && release_held && strcmp(queue, QUEUE_HOLD) == 0)
		done = release(layout, buf_c(&path), id, "expired, released from hold");
	else if (done)
		log_info("%.*s: expired", VIEW_ARG(id));
	buf_fini(&path);
	return done;
}

bool
message_expire(const struct queue_layout *layout, const char *queue, struct view id)
{
	return expire(layout, queue, id, false);
}

bool
message_expire_release(const struct queue_layout *layout, const char *queue, struct view id)
{
	return expire(layout, queue, id, true);
}
