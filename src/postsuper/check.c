#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "global/queue/queue_scan.h"
#include "postsuper/postsuper.h"
#include "util/base/arena.h"
#include "util/base/clock.h"
#include "util/file/file.h"
#include "util/log/log.h"

enum { STALE_SEC = 7 * 24 * 3600 };

static const struct view fix_mark = VIEW_INIT("#FIX");	/* '#' keeps a name out of everybody's sight */

struct found {
	struct found *next;
	struct view id, path;
};

/* A list first, since the directory changes under our hands. */
static struct found *
list_files(struct queue_scan *scan, struct arena *arena)
{
	struct found *first = NULL;
	struct view id, path;

	while (queue_scan_next(scan, &id, &path)) {
		struct found *file = arena_alloc(arena, sizeof(*file));

		*file = (struct found){ first, arena_view(arena, id), arena_view(arena, path) };
		first = file;
	}
	queue_scan_close(scan);
	return first;
}

bool
is_message_queue(const char *queue)
{
	static const char *const queues[] = { QUEUE_MAILDROP, QUEUE_INCOMING, QUEUE_ACTIVE, QUEUE_DEFERRED, QUEUE_HOLD };

	for (size_t i = 0; i < ARRAY_COUNT(queues); i++)
		if (strcmp(queue, queues[i]) == 0)
			return true;
	return false;
}

/* -- stale files --------------------------------------------------------------------------------------------------- */

static bool
is_stale(const char *path)
{
	struct stat st;
	bool unlocked;
	int fd;

	if (lstat(path, &st) == -1 || !S_ISREG(st.st_mode) || queue_file_complete(&st))
		return false;
	if (st.st_mtime > clock_wall().tv_sec - STALE_SEC)
		return false;
	if ((fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) == -1)
		return true;
	unlocked = file_lock(fd, FILE_LOCK_FLOCK, FILE_LOCK_EXCLUSIVE, 0);	/* somebody may still be at it */
	close(fd);
	return unlocked;
}

size_t
purge_stale(const char *queue)
{
	struct arena arena = ARENA_INIT;
	size_t count = 0;

	if (!is_message_queue(queue))
		return 0;
	for (struct found *file = list_files(queue_scan_open_any(queue), &arena); file != NULL; file = file->next) {
		if (!is_stale(file->path.data))
			continue;
		if (unlink(file->path.data) == -1)
			log_warn("remove %s: %m", file->path.data);
		else
			count++;
	}
	arena_fini(&arena);
	return count;
}

/* -- places and names ---------------------------------------------------------------------------------------------- */

static void
rename_file(const char *from, const char *to)
{
	struct buf why = BUF_INIT;

	if (!queue_rename(from, to, &why) && errno != ENOENT)
		log_warn("%s", buf_c(&why));
	buf_fini(&why);
}

static bool
name_fits(const struct queue_layout *layout, struct view id, ino_t inode, bool strict)
{
	bool is_long = queue_id_is_long(id);
	ino_t named;

	if (is_long && layout->long_ids && !strict)
		return true;
	if (is_long && !layout->long_ids)
		return false;
	return queue_id_inode(id, &named) && named == inode;
}

static void
rename_logs(const struct queue_layout *layout, struct view old, struct view new)
{
	static const char *const logs[] = { QUEUE_BOUNCE, QUEUE_DEFER, QUEUE_TRACE };
	struct buf from = BUF_INIT, to = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(logs); i++) {
		queue_path(&from, layout, logs[i], old);
		queue_path(&to, layout, logs[i], new);
		if (access(buf_c(&from), F_OK) == 0)
			rename_file(buf_c(&from), buf_c(&to));
	}
	buf_fini(&from);
	buf_fini(&to);
}

static void
give_new_name(const struct queue_layout *layout, const char *queue, const struct found *file, ino_t inode)
{
	struct buf id = BUF_INIT, path = BUF_INIT;

	queue_id_make(&id, layout->long_ids, clock_wall(), inode);
	queue_path(&path, layout, queue, buf_view(&id));
	buf_putv(&path, fix_mark);
	log_info("%.*s: renamed to %s, to match its inode number", VIEW_ARG(file->id), buf_c(&id));
	rename_file(file->path.data, buf_c(&path));
	rename_logs(layout, file->id, buf_view(&id));
	buf_fini(&id);
	buf_fini(&path);
}

static void
repair_file(const struct queue_layout *layout, const char *queue, const struct found *file, bool strict)
{
	struct buf path = BUF_INIT;
	struct stat st;

	if (lstat(file->path.data, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	if (is_message_queue(queue) && !name_fits(layout, file->id, st.st_ino, strict)) {
		give_new_name(layout, queue, file, st.st_ino);
		return;
	}
	queue_path(&path, layout, queue, file->id);
	if (!view_equal(buf_view(&path), file->path)) {
		log_info("%.*s: moved from %s to %s", VIEW_ARG(file->id), file->path.data, buf_c(&path));
		rename_file(file->path.data, buf_c(&path));
	}
	buf_fini(&path);
}

void
repair_structure(const struct queue_layout *layout, const char *queue, bool strict)
{
	struct arena arena = ARENA_INIT;

	for (struct found *file = list_files(queue_scan_open(queue), &arena); file != NULL; file = file->next)
		repair_file(layout, queue, file, strict);
	arena_fini(&arena);
}

void
finish_renames(const char *queue)
{
	struct arena arena = ARENA_INIT;

	for (struct found *file = list_files(queue_scan_open_any(queue), &arena); file != NULL; file = file->next)
		if (view_ends(file->id, fix_mark))
			rename_file(file->path.data,
			    arena_string(&arena, view_slice(file->path, 0, file->path.len - fix_mark.len)));
	arena_fini(&arena);
}
